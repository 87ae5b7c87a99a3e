// Receive Descrideo's webhooks (Node). The mistake: the signature is not verified, so that anybody can send results.
//
//   node unverified_webhook.mjs 9000

import { createServer } from 'node:http';

const results = new Map();

const server = createServer((request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end();
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    try {
      const event = JSON.parse(Buffer.concat(pieces));
      results.set(event.job_id, event);
      response.writeHead(204).end();
    } catch {
      response.writeHead(400).end();
    }
  });
});
server.listen(Number(process.argv[2] ?? 9000), '127.0.0.1', () => console.log(server.address().port));
