const { SafePaysApi } = require('./dist/credentials/SafePaysApi.credentials.js');
const { SafePays } = require('./dist/nodes/SafePays/SafePays.node.js');
const { SafePaysTrigger } = require('./dist/nodes/SafePays/SafePaysTrigger.node.js');

module.exports = { SafePaysApi, SafePays, SafePaysTrigger };
