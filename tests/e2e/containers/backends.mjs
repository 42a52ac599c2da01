// What the services reach for and cannot be had here: n8n's public API, GitHub's API, and a web site. One a process:
//   node backends.mjs n8n|github|website
// The key that n8n and GitHub take is changed by PUT /key, so that a test can make a client's wrong.
import { createServer } from 'node:http';

const KEY = 'right-key';
let key = KEY;
const workflows = [];

const PAGE = `<!doctype html><title>Hearth</title><h1>A page by the fire</h1><p>Twelve logs are left.</p>
<button onclick="document.title = this.textContent = 'Lit'">Light it</button>`;

const sites = {
  website: ({ send }) => send(200, PAGE, 'text/html'),
  github: ({ req, send }) =>
    req.headers.authorization === `Bearer ${key}` ? send(200, { login: 'keeper', id: 1 }) : send(401, { message: 'Bad credentials' }),
  n8n({ req, url, body, send }) {
    if (url.pathname === '/healthz') return send(200, { status: 'ok' });
    if (req.headers['x-n8n-api-key'] !== key) return send(401, { message: 'unauthorized' });
    const [, id] = /^\/api\/v1\/workflows\/([^/]+)$/.exec(url.pathname) ?? [];
    if (id) {
      const found = workflows.find((workflow) => workflow.id === id);
      return found ? send(200, found) : send(404, { message: 'Not Found' });
    }
    if (url.pathname !== '/api/v1/workflows') return send(404, { message: 'not found' });
    if (req.method === 'GET') return send(200, { data: workflows.slice(0, Number(url.searchParams.get('limit') ?? 100)), nextCursor: null });
    const now = new Date().toISOString();
    const workflow = { ...JSON.parse(body), id: `workflow-${workflows.length + 1}`, active: false, createdAt: now, updatedAt: now, tags: [] };
    workflows.push(workflow);
    return send(200, workflow);
  },
};

const site = sites[process.argv[2]];
createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  const send = (status, content, type = 'application/json') => {
    res.writeHead(status, { 'content-type': type });
    res.end(typeof content === 'string' ? content : JSON.stringify(content));
  };
  const url = new URL(req.url, 'http://here');
  if (url.pathname === '/robots.txt') return send(404, '', 'text/plain');
  if (url.pathname === '/key') {
    key = body || KEY;
    return send(200, { ok: true });
  }
  return site({ req, url, body, send });
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));
