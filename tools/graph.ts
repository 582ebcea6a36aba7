import { drawGraph, readShippedGraph, readTreeGraph } from './docs/importGraph';
import { projectDir } from './harness/paths';

const [root = projectDir] = process.argv.slice(2);

if (root === '--help') {
	console.log('npm run tool -- graph [FOLDER OF A CLONE]\n\nPrints who imports whom.');
} else {
	console.log(`nodes/SafePays\n\n${drawGraph(readShippedGraph(root))}\n`);
	console.log(`The repository\n\n${drawGraph(readTreeGraph(root))}`);
}
