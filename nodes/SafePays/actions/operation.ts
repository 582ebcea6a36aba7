import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import type { PairedItem } from '../errors/nodeErrors';
import type { SafePaysClient } from '../transport/client';
import type { RecordAnswer, SafePaysRequest } from '../transport/request';
import type { ItemParameters } from './parameters';
import type { RecordName } from '../transport/records';

/** What `afterRun` knows of the run that it ends. */
export interface OperationRun {
	context: IExecuteFunctions;
	credentials: ICredentialDataDecryptedObject;
	client: SafePaysClient;
	/** By item; none for an item whose parameters cannot be read. */
	parameters: Array<ItemParameters | undefined>;
}

/**
 * An operation: its fields beside the request made of them and the items made of the answer.
 * Everything else (the loop, sending, retrying, errors) is the router's.
 */
export interface Operation<Name extends RecordName = RecordName> {
	/** How it is offered in the list of operations and in the nodes panel. */
	option: Omit<INodePropertyOptions, 'value'>;
	/** Without `displayOptions` for resource and operation: `actions/index.ts` adds them. */
	fields: INodeProperties[];
	/** The tool description that a model reads, unless the user changes it. */
	toolDescription?: string;
	/** @throws InvalidInput naming the field */
	request(parameters: ItemParameters): SafePaysRequest<Name>;
	/** The output items' JSON for one input item. */
	items(answer: RecordAnswer<Name>, parameters: ItemParameters): IDataObject[];
	/** The output items in place of an error when SafePays refuses the request, if the user asked for that. */
	onRejected?(httpCode: string, parameters: ItemParameters): IDataObject[] | undefined;
	/** The order number or the like under which this is created at most once, '' if there is none. */
	uniqueKey?(parameters: ItemParameters): string;
	/** Fields of the request's body that differ from one try of an execution to the next. */
	fingerprintIgnores?: string[];
	/** Validates the run as a whole before anything is sent. @throws InvalidInput, SafePaysError */
	beforeRun?(context: IExecuteFunctions, itemCount: number): void;
	/** Makes the node's output of the items of the whole run, unless an error ended it. */
	afterRun?(run: OperationRun, outputs: PairedItem[]): Promise<INodeExecutionData[]>;
}
