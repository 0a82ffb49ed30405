// node dcmjs_store.js PORT FILE...: one association, every file in turn; exit status 1 unless all were stored.
const { Client, requests, constants } = require('dcmjs-dimse');

const [port, ...files] = process.argv.slice(2);
const client = new Client();
let stored = 0;

for (const file of files) {
  const request = new requests.CStoreRequest(file);
  request.on('response', (response) => {
    if (response.getStatus() === constants.Status.Success) {
      stored += 1;
    }
  });
  client.addRequest(request);
}
client.on('networkError', (error) => {
  console.error(error);
  process.exit(2);
});
client.on('closed', () => process.exit(stored === files.length ? 0 : 1));
client.send('127.0.0.1', Number(port), 'DCMJS', 'ANY-SCP');
