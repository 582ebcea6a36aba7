const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
const { dest, parallel, series, src } = require('gulp');

/** What tsc does not put into dist: icons, codex files, output schemas. */
const ASSETS = ['nodes/**/*.json', 'icons/*.svg'];

const clean = () => rm('dist', { recursive: true, force: true });

function compile() {
	const tsc = require.resolve('typescript/bin/tsc');
	return spawn(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit' });
}

const copyAssets = () => src(ASSETS, { base: '.' }).pipe(dest('dist'));

exports.clean = clean;
exports.build = series(clean, parallel(compile, copyAssets));
