const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
const { Transform } = require('node:stream');
const { dest, parallel, series, src } = require('gulp');

/** What tsc does not put into dist: icons, codex files, output schemas. */
const ASSETS = ['nodes/**/*.json', 'icons/*.svg'];

const clean = () => rm('dist', { recursive: true, force: true });

function compile() {
	const tsc = require.resolve('typescript/bin/tsc');
	return spawn(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit' });
}

/** Changes the text of each file that passes. */
const rewrite = (change) =>
	new Transform({
		objectMode: true,
		transform(file, _encoding, done) {
			file.contents = Buffer.from(change(file.contents.toString(), file.extname));
			done(null, file);
		},
	});

/** tsc can only indent with four spaces, a tenth of what users would download. */
function indentWithTabs() {
	const indent = (text) => text.replace(/^( {4})+/gm, ({ length }) => '\t'.repeat(length / 4));
	return src('dist/**/*.js').pipe(rewrite(indent)).pipe(dest('dist'));
}

function copyAssets() {
	const compact = (text, extension) => (extension === '.json' ? JSON.stringify(JSON.parse(text)) : text);
	return src(ASSETS, { base: '.' }).pipe(rewrite(compact)).pipe(dest('dist'));
}

exports.clean = clean;
exports.build = series(clean, parallel(series(compile, indentWithTabs), copyAssets));
