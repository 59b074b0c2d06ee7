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
const disabled = new Set();
const grants = new Map();
let renewals = 0;
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: 'berth',
    client_secret: 'client secret: %+',
    redirect_uris: [redirect],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  rotateRefreshToken: true, // and one that is used twice ends the login
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['a key of a test'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  findAccount: (context, id) =>
    users[id] && !disabled.has(id) && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
});
const answer = provider.callback();
for (const event of ['grant.success', 'grant.error']) {
  provider.on(event, (context) => {
    renewals += context.oidc.params.grant_type === 'refresh_token' ? 1 : 0;
  });
}
const deeds = {
  disable: (user) => disabled.add(user),
  enable: (user) => disabled.delete(user),
  revoke: (user) => grants.get(user).destroy(),
  regroup: (user) => { users[user].groups = ['dev', 'new']; },
  renewals: () => {},
};
createServer(async (request, response) => {
  if (request.url.startsWith('/test/')) {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    await deeds[pathname.slice('/test/'.length)](searchParams.get('user'));
    return response.end(String(renewals));
  }
  if (!request.url.startsWith('/interaction/')) {
    return answer(request, response);
  }
  const accountId = request.headers['x-user'];
  if (!accountId) {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope('openid profile email offline_access');
  const grantId = await grant.save();
  grants.set(accountId, grant);
  return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
}).listen(Number(port), 'localhost', () => console.log('listening'));
