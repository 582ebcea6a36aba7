import { prepared } from '../../test/support/prepared';
import { getOutput, getItems, type Execution } from '../../tools/harness/client';
import { submitForm } from '../../tools/harness/form';
import { findExample, stage } from './stage';

const example = prepared(async () => await stage('invoices-from-a-csv-file'));
beforeAll(async () => await example.client.activate(example));

let uploads = 0;

/** The execution that the upload of a file with these lines leads to. */
async function upload(lines: string): Promise<Execution> {
	const response = await submitForm(example.formUrl, {
		'CSV file': new File([lines], 'orders.csv'),
	});
	expect(response.status).toBe(200);
	return (await example.client.waitForExecutions(example.id, ++uploads)).slice(-1)[0];
}

const billed = async () => (await example.invoices()).map(({ email }) => email);

/** The file that its note shows. */
function readFileInNote(): string {
	const notes = findExample('invoices-from-a-csv-file').nodes.map(
		({ parameters }) => parameters.content,
	);
	return String(/```\n([^`]+)```/.exec(notes.join('\n'))?.[1]);
}

it('bills the good rows and sets the others aside with the reason', async () => {
	const execution = await upload(readFileInNote());
	expect(execution.status).toBe('success');
	expect(getItems(execution, 'Send Payment Link (replace me)')).toMatchObject([
		{ email: 'ada@example.com', base_amount: 450 },
		{ email: 'linus@example.com', base_amount: 99.9 },
	]);
	expect(getItems(execution, 'Rows to Correct')).toEqual([
		{
			order_number: '2002',
			email: 'grace@example',
			amount: '1200',
			problem: expect.stringContaining('"Email" is not an email address'),
		},
	]);
	expect(await billed()).toEqual(['ada@example.com', 'linus@example.com']);
});

it('bills only the corrected row of the same file, and sends nobody a second link', async () => {
	const execution = await upload(readFileInNote().replace('grace@example,', 'grace@example.com,'));
	expect(getItems(execution, 'Create Invoice')).toHaveLength(3);
	expect(getItems(execution, 'Send Payment Link (replace me)')).toMatchObject([
		{ email: 'grace@example.com' },
	]);
	expect(getOutput(execution, 'Rows to Correct')).toBeUndefined();
	expect(await billed()).toEqual(['ada@example.com', 'linus@example.com', 'grace@example.com']);
});

it('does not bill a row that has no order number to know it by', async () => {
	const execution = await upload(
		'order_number,email,description,amount\n,ken@example.com,Advice,10\n',
	);
	expect(getItems(execution, 'Rows to Correct')).toMatchObject([
		{ email: 'ken@example.com', problem: 'The row has no order number' },
	]);
	expect(await billed()).not.toContain('ken@example.com');
});
