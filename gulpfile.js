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

/** tsc can only indent with four spaces, a tenth of what users would download. */
function indentWithTabs() {
	const indent = (text) => text.replace(/^( {4})+/gm, ({ length }) => '\t'.repeat(length / 4));
	const transform = new Transform({
		objectMode: true,
		transform(file, _encoding, done) {
			file.contents = Buffer.from(indent(file.contents.toString()));
			done(null, file);
		},
	});
	return src('dist/**/*.js').pipe(transform).pipe(dest('dist'));
}

const copyAssets = () => src(ASSETS, { base: '.', encoding: false }).pipe(dest('dist'));

exports.clean = clean;
exports.build = series(clean, parallel(series(compile, indentWithTabs), copyAssets));
