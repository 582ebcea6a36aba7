import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import packageJson from '../../package.json';
import { SafePaysApi } from '../../credentials/SafePaysApi.credentials';
import nodeCodex from '../../nodes/SafePays/SafePays.node.json';
import triggerCodex from '../../nodes/SafePays/SafePaysTrigger.node.json';
import { allPages, ROOT, targetOf } from './markdown';

const pages = allPages();
const IMAGES = 'docs/images';

const isOutside = (link: string) => /^([a-z][a-z\d+.-]*:|\/\/)/i.test(link);

describe.each(pages.map((page) => [page.path, page] as const))('%s', (_path, page) => {
	const inside = page.links.filter((link) => !isOutside(link));

	it('links to files that exist', () => {
		expect(inside.filter((link) => !existsSync(join(ROOT, targetOf(page, link).path)))).toEqual([]);
	});

	it('links to headings that exist', () => {
		const broken = inside.filter((link) => {
			const { path, anchor } = targetOf(page, link);
			const target = pages.find((candidate) => candidate.path === path);
			return anchor !== '' && target !== undefined && !target.anchors.has(anchor);
		});
		expect(broken).toEqual([]);
	});

	it('links outside by https', () => {
		const outside = page.links.filter(isOutside);
		expect(outside.filter((link) => !URL.canParse(link) || new URL(link).protocol !== 'https:')).toEqual([]);
	});
});

it('the editor links to headings of the README', () => {
	const links = [nodeCodex, triggerCodex].flatMap(({ resources }) =>
		[...resources.credentialDocumentation, ...resources.primaryDocumentation].map(({ url }) => url),
	);
	const readme = packageJson.homepage.replace(/#.*/, '');
	const anchors = [...links, new SafePaysApi().documentationUrl].map((url) => url.replace(`${readme}#`, ''));
	const known = pages.find(({ path }) => path === 'README.md')?.anchors ?? new Set();
	expect(anchors.filter((anchor) => !known.has(anchor))).toEqual([]);
});

it('every picture of the docs is used', () => {
	const used = new Set(pages.flatMap((page) => page.images.map((image) => targetOf(page, image).path)));
	const kept = readdirSync(join(ROOT, IMAGES)).map((name) => `${IMAGES}/${name}`);
	expect(kept.filter((path) => !used.has(path))).toEqual([]);
});

it('every picture has a text for those who cannot see it', () => {
	const without = pages.flatMap(({ path, text }) =>
		[...text.matchAll(/!\[\s*\]\(|<img\b(?![^>]*\balt="[^"]+")/g)].map(([found]) => `${path}: ${found}`),
	);
	expect(without).toEqual([]);
});
