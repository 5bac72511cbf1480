// Serves the store at ROOT, collecting garbage without a pause, until it is killed: ROOT TRASH_GRACE_MS.

import { startServer } from '../apps/server/dist/index.js';

const [root = '', trashGrace = ''] = process.argv.slice(2);
const gc = { interval: 1, keepUntagged: false, trashGrace: Number(trashGrace), uploadMaxAge: 3_600_000 };
const { url } = await startServer({
  root,
  host: '127.0.0.1',
  port: 0,
  housekeeping: { gc },
});
process.stdout.write(`${url}\n`);
