// node dcmjs_echo.js PORT: a C-ECHO; exit status 1 unless it was answered with success.
const { Client, requests, constants } = require('dcmjs-dimse');

const client = new Client();
let answered = false;
const request = new requests.CEchoRequest();
request.on('response', (response) => {
  answered = response.getStatus() === constants.Status.Success;
});
client.addRequest(request);
client.on('networkError', (error) => {
  console.error(error);
  process.exit(2);
});
client.on('closed', () => process.exit(answered ? 0 : 1));
client.send('127.0.0.1', Number(process.argv[2]), 'DCMJS', 'ANY-SCP');
