// A real OpenID provider for tests: node provider.mjs MODULES PORT REDIRECT_URI
// Whoever the header X-User names logs in, without a page.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [modules, port, redirect] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const users = {
  'id-anna': { name: 'Anna Arndt', preferred_username: 'anna', email: 'anna@example.org', groups: ['dev'] },
  'id-boss': { name: 'Boss', preferred_username: 'boss', email: 'boss@example.org', groups: ['ops', 'dev'] },
  'id-admin': { name: 'Mallory', preferred_username: 'admin', email: 'm@example.org', groups: ['ops'] },
  'id-lena': { name: 'Another Lena', preferred_username: 'lena', email: 'l@example.org', groups: [] },
};
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: 'berth', client_secret: 'client secret: %+', redirect_uris: [redirect] }],
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['a key of a test'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  findAccount: (context, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
});
const answer = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    return answer(request, response);
  }
  const accountId = request.headers['x-user'];
  if (!accountId) {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope('openid profile email');
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
}).listen(Number(port), 'localhost', () => console.log('listening'));
