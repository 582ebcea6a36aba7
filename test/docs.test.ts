import { PAGES, readPage, renderPage } from '../tools/docs/pages';

it.each(PAGES)('%s is as "npm run docs" generates it', async (page) => {
	expect(readPage(page)).toBe(await renderPage(page));
});
