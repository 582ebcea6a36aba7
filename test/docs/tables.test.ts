import type { INodePropertyOptions } from 'n8n-workflow';

import { SafePaysTrigger } from '../../nodes/SafePays/SafePaysTrigger.node';
import type { Outcome } from '../../nodes/SafePays/transport/request';
import type { Rule } from '../../nodes/SafePays/transport/retryRules';
import { kindOf, MAX_RETRIES, RULES } from '../../nodes/SafePays/transport/retryRules';
import { post, triggerWorkflow } from '../engine/webhook';
import { clear, invoiceThatIs, stage } from '../nodes/SafePays/notifications/stage';
import { UNKNOWN_ID } from '../support';
import { boldIn, codesIn, pageAt, section, tablesIn } from './markdown';
import { numberInCode } from './messages';

describe('“What is sent again” of docs/limits-and-retries.md', () => {
	const [table] = tablesIn(section(pageAt('docs/limits-and-retries.md'), 'What is sent again'));

	const WORDS: Record<Rule, string> = {
		done: 'done',
		fail: 'fails',
		wait: 'waits, then sends again',
		retry: `sent again, ${MAX_RETRIES} times at most`,
		unconfirmed: '**not sent again**',
	};
	const answer = (status: number, body: unknown = { error: 'Some words' }): Outcome => ({ answer: { status, headers: {}, body } });
	const failure = (code: string, kind: 'unreachable' | 'interrupted'): Outcome => ({ failure: kind, code });

	/** What the words of the first column stand for; a number is a status. */
	const OUTCOMES: Record<string, Outcome> = {
		'The record asked for': answer(201, { invoice: { id: UNKNOWN_ID } }),
		'other refusals': answer(422),
		'Timed out': failure('ETIMEDOUT', 'interrupted'),
		'connection reset': failure('ECONNRESET', 'interrupted'),
		'HTML page': answer(200, '<html>'),
		broken: answer(200, '{"invoice": {"id"'),
		'empty answer': answer(200, ''),
		redirect: answer(302, ''),
		'Connection refused': failure('ECONNREFUSED', 'unreachable'),
		'unknown host': failure('ENOTFOUND', 'unreachable'),
		'no secure connection': failure('DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'),
	};
	const outcomesOf = (cell: string): Outcome[] =>
		cell
			.replace('rate limit', '')
			.split(/, | and | or /)
			.filter((words) => words !== '')
			.map((words) => (/^\d{3}$/.test(words) ? answer(Number(words)) : OUTCOMES[words]));

	it.each(table.rows)('%s', (cell, get, create) => {
		const outcomes = outcomesOf(cell);
		expect(outcomes).not.toContain(undefined);
		for (const outcome of outcomes) {
			const rule = RULES[kindOf(outcome, 'invoice')];
			expect([cell, get, create]).toEqual([cell, WORDS[rule.GET], WORDS[rule.POST]]);
		}
	});

	it('leaves nothing out that the rules tell apart', () => {
		const kinds = table.rows.flatMap(([cell]) => outcomesOf(cell).map((outcome) => kindOf(outcome, 'invoice')));
		expect(new Set(kinds)).toEqual(new Set(Object.keys(RULES)));
	});
});

describe('docs/trigger.md', () => {
	const page = pageAt('docs/trigger.md');
	afterEach(clear);

	it('names the events and what they are called in the output', () => {
		const events = new SafePaysTrigger().description.properties.find(({ name }) => name === 'events');
		const options = events?.options as INodePropertyOptions[];
		const told = section(page, 'What it gives out');
		expect(boldIn(told)).toEqual([events?.displayName, ...options.map(({ name }) => name)]);
		const raw = told.map((token) => token.raw).join('');
		expect(codesIn(raw)).toEqual(expect.arrayContaining(options.map(({ value }) => value)));
		expect(raw).toContain(`**${options.find(({ value }) => value === 'paid')?.name}** (the default)`);
		expect(events?.default).toEqual(['paid']);
	});

	it('has the answers that notifications get, and whether the workflow runs', async () => {
		const { sandbox, n8n } = await stage();
		const url = n8n.activate(triggerWorkflow());
		const paid = await invoiceThatIs(sandbox, 'Paid');
		const failed = await invoiceThatIs(sandbox, 'Failed');
		const waiting = await invoiceThatIs(sandbox, 'Invoice Created');
		const got: string[][] = [];
		const notify = async (body: object) => {
			const { status, headers, body: answer } = await post(url, body);
			await n8n.idle();
			const shown = status === 200 ? ` \`${JSON.stringify(answer).replace(/([:,])/g, '$1 ')}\`` : '';
			got.push([`${status}${shown}${'retry-after' in headers ? ' with `Retry-After`' : ''}`, n8n.executions.length === 0 ? 'no' : 'once']);
			n8n.executions.length = 0;
		};
		await notify({ id: paid });
		await notify({ id: paid });
		await notify({ id: failed });
		await notify({});
		await notify({ id: UNKNOWN_ID });
		await notify({ id: waiting });
		n8n.world.credentials.apiKey = 'a-key-that-is-wrong';
		await notify({ id: waiting });
		const [{ rows }] = tablesIn(section(page, 'What it answers'));
		expect(rows.map(([answer, , runs]) => [answer, runs])).toEqual(got);
	});
});

describe('docs/security.md', () => {
	const page = pageAt('docs/security.md');
	const kept = (what: string) => {
		const rows = tablesIn(section(page, 'What is kept'))[0].rows.filter(([first]) => first.startsWith(what));
		expect(rows).toHaveLength(1);
		return rows[0].join(' ').match(/\d+,\d{3}/g)?.map((digits) => Number(digits.replace(',', '')));
	};
	const number = (file: string, name: string) => numberInCode(`nodes/SafePays/${file}.ts`, name);

	it('says how much is kept', () => {
		expect(page.text).toContain(`for the last ${number('memory/cutOff', 'MAX_NOTES')} runs of the node`);
		const keys = number('memory/processedKeys', 'MAX_KEYS');
		expect(kept('unique keys')).toEqual([keys]);
		expect(kept('the invoice ID of each unique key')).toEqual([number('memory/invoiceIds', 'MAX_INVOICES')]);
		expect(kept('events that were passed on')).toEqual([
			number('notifications/duplicates', 'MAX_IN_PROCESS'),
			number('notifications/duplicates', 'MAX_STORED'),
			keys,
		]);
		expect(kept('invoices of waiting executions')).toEqual([number('notifications/finalInvoices', 'MAX_WAITS')]);
	});

	it('says how many requests notifications may cost, and which keys are not looked for', () => {
		expect(page.text).toContain(`${number('notifications/apiTurns', 'AT_ONCE')} requests at once in an n8n process`);
		expect(page.text).toContain(`a key of fewer than ${number('transport/redact', 'SHORTEST_KEY')} characters`);
	});
});
