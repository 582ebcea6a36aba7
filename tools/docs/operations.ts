import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';

import { operations, properties } from '../../nodes/SafePays/actions';
import { requestOptions } from '../../nodes/SafePays/actions/requestOptions';
import type { Operation } from '../../nodes/SafePays/actions/operation';
import { code, sentence, table } from './markdown';

export interface ListedOperation {
	resource: string;
	name: string;
	/** As the editor shows it, e.g. `Invoice > Create`. */
	title: string;
	operation: Operation;
}

export function listOperations(): ListedOperation[] {
	return Object.entries(operations).flatMap(([resource, ofResource]) =>
		Object.entries(ofResource).map(([name, operation]) => {
			const title = `${getResourceName(resource)} > ${operation.option.name}`;
			return { resource, name, title, operation };
		}),
	);
}

/** The heading of a page as GitHub makes an anchor of it. */
export function getAnchor(title: string): string {
	return title
		.toLowerCase()
		.replace(/[^\w -]/g, '')
		.replaceAll(' ', '-');
}

/** What an operation does, and each of its fields. */
export function describeOperation({ operation }: ListedOperation): string {
	const { option, fields } = operation;
	return `${sentence(option.description ?? '')}\n\n${fieldTable(fields)}`;
}

export function describeOptions(): string {
	return fieldTable(requestOptions.property.options as INodeProperties[], 'Option');
}

/** For the README. */
export function operationTable(): string {
	const rows = listOperations().map(({ resource, title, operation: { option } }) => [
		getResourceName(resource),
		`[${option.name}](docs/operations.md#${getAnchor(title)})`,
		option.description ?? '',
	]);
	return table(['Resource', 'Operation', 'What it does'], rows);
}

export function operationLinks(): string {
	return listOperations()
		.map(({ title }) => `[${title}](#${getAnchor(title)})`)
		.join(' · ');
}

function fieldTable(fields: INodeProperties[], heading = 'Field'): string {
	const shown = fields.filter(({ type }) => type !== 'notice');
	const rows = shown.flatMap((field) => describeField(field, shown));
	return table([heading, 'What it is', 'Default', 'Parameter'], rows);
}

/** A field's row, and those of the fields in it. @param siblings what its display options name */
function describeField(
	field: INodeProperties,
	siblings: INodeProperties[],
	parent?: { title: string; path: string },
): string[][] {
	const title = parent ? `${parent.title} › ${field.displayName}` : field.displayName;
	const path = parent ? `${parent.path}.${field.name}` : field.name;
	const texts = [
		field.description ?? '',
		describeChoices(field),
		describeModes(field),
		describeLimits(field),
		describeCondition(field, siblings),
	];
	const row = [
		title,
		texts.filter(Boolean).map(sentence).join(' '),
		describeDefault(field),
		code(path),
	];
	return [
		row,
		...listInner(field).flatMap((inner) =>
			describeField(inner.field, siblings, { title, path: [path, ...inner.path].join('.') }),
		),
	];
}

function listInner(field: INodeProperties): Array<{ field: INodeProperties; path: string[] }> {
	if (field.type === 'collection') {
		return (field.options as INodeProperties[]).map((inner) => ({ field: inner, path: [] }));
	}
	if (field.type !== 'fixedCollection') return [];
	return (field.options as INodePropertyCollection[]).flatMap(({ name, values }) =>
		values.map((inner) => ({ field: inner, path: [name] })),
	);
}

function describeChoices({ type, options }: INodeProperties): string {
	if (type !== 'options' || !options) return '';
	const choices = options as INodePropertyOptions[];
	if (choices.every(({ description }) => description === undefined)) {
		return choices.map(({ name }) => `**${name}**`).join(', ');
	}
	return choices
		.map(({ name, description }) => sentence(`**${name}**: ${lowerFirst(description ?? '')}`))
		.join(' ');
}

function describeModes({ modes = [] }: INodeProperties): string {
	return modes
		.map(({ displayName, placeholder = '' }) => `**${displayName}**, ${code(placeholder)}`)
		.join(' or ')
		.replaceAll('`e.g. ', 'e.g. `');
}

function describeLimits({ typeOptions: { minValue, maxValue } = {} }: INodeProperties): string {
	return maxValue === undefined ? '' : `From ${minValue} to ${maxValue}`;
}

function describeCondition({ displayOptions }: INodeProperties, siblings: INodeProperties[]) {
	const describe = (conditions: Record<string, unknown[] | undefined> = {}) =>
		Object.entries(conditions)
			.filter(([name]) => name !== '@tool')
			.map(([name, values = []]) => describeValues(name.replace('/', ''), values, siblings))
			.join(' and ');
	const [shown, hidden] = [describe(displayOptions?.show), describe(displayOptions?.hide)];
	return [shown && `Only if ${shown}`, hidden && `Not if ${hidden}`].filter(Boolean).join('. ');
}

function describeValues(name: string, values: unknown[], siblings: INodeProperties[]): string {
	const field = [...siblings, ...properties].find((sibling) => sibling.name === name);
	const shown = values.map((value) => {
		if (typeof value === 'boolean') return value ? 'on' : 'off';
		return `**${getOptionName(field, value) ?? String(value)}**`;
	});
	return `**${field?.displayName ?? name}** is ${shown.join(' or ')}`;
}

function describeDefault({ type, default: value, options, required }: INodeProperties): string {
	if (required) return 'required';
	if (type === 'collection' || type === 'fixedCollection') return 'none';
	if (typeof value === 'boolean') return value ? 'on' : 'off';
	return getOptionName({ options }, value) ?? (value === '' ? 'empty' : String(value));
}

function getOptionName(
	field: Pick<INodeProperties, 'options'> | undefined,
	value: unknown,
): string | undefined {
	const options = (field?.options ?? []) as INodePropertyOptions[];
	return options.find((option) => option.value === value)?.name;
}

function getResourceName(resource: string): string {
	return getOptionName(properties[0], resource) ?? resource;
}

/** Not of what begins with a name or an abbreviation. */
function lowerFirst(text: string): string {
	return /^[A-Z][a-z]* /.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}
