// A session with Vault through node-vault. Arguments: the address, the root token.
'use strict'
const assert = require('assert')
const crypto = require('crypto')
const nodeVault = require('node-vault')

const [address, token] = process.argv.slice(2)
const vault = nodeVault({ endpoint: address, token })
let checks = 0
const check = (truth, what) => { assert.ok(truth, what); checks += 1 }
const refused = async (work) => {
  try { await work } catch (error) { return error.message }
  throw new Error('it was not refused')
}
const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const session = async () => {
  check((await vault.health()).initialized === true, 'health')
  check((await vault.status()).sealed === false, 'status')
  check(/Vault is already initialized/.test(await refused(vault.init({ secret_shares: 1, secret_threshold: 1 }))), 'init')

  // KV
  await vault.mount({ mount_point: 'kvn', type: 'kv', options: { version: '1' } })
  await vault.write('kvn/hello', { value: 'world' })
  check((await vault.read('kvn/hello')).data.value === 'world', 'read')
  check((await vault.list('kvn')).data.keys[0] === 'hello', 'list')
  await vault.delete('kvn/hello')
  check(await refused(vault.read('kvn/hello')) === 'Status 404', 'deleted')
  await vault.write('secret/data/n', { data: { a: 1 } })
  check((await vault.read('secret/data/n')).data.data.a === 1, 'KV 2')
  const mounts = await vault.mounts()
  check(mounts['kvn/'].type === 'kv' && mounts.data['kvn/'].type === 'kv', 'mounts, twice')

  // policies and tokens
  await vault.addPolicy({ name: 'node', rules: 'path "kvn/*" { capabilities = ["read", "list"] }' })
  check((await vault.policies()).policies.includes('node'), 'policies')
  const made = await vault.tokenCreate({ policies: ['node'], ttl: '1h', renewable: true })
  const limited = nodeVault({ endpoint: address, token: made.auth.client_token })
  vault.token = token // the library goes on with the token that it was last given
  check((await limited.tokenLookupSelf()).data.policies.includes('node'), 'lookup')
  check(/permission denied/.test(await refused(limited.write('kvn/x', { a: 1 }))), 'denied')
  check((await limited.tokenRenewSelf()).auth.lease_duration === 3600, 'renewed')
  await vault.tokenRevokeAccessor({ accessor: made.auth.accessor })
  check(/permission denied/.test(await refused(limited.tokenLookupSelf())), 'revoked')

  // PKI and leases
  await vault.mount({ mount_point: 'pkin', type: 'pki', config: { max_lease_ttl: '87600h' } })
  const root = await vault.write('pkin/root/generate/internal', { common_name: 'global.nomad', ttl: '87600h', key_type: 'ec', key_bits: 256 })
  await vault.write('pkin/roles/cluster', { allowed_domains: 'global.nomad', allow_subdomains: true, key_type: 'ec', key_bits: 256, generate_lease: true })
  const issued = await vault.write('pkin/issue/cluster', { common_name: 'client.global.nomad', ttl: '1h' })
  const leaf = new crypto.X509Certificate(issued.data.certificate)
  const ca = new crypto.X509Certificate(root.data.certificate)
  check(leaf.verify(ca.publicKey) && leaf.checkIssued(ca), 'signed by the root')
  check(leaf.checkPrivateKey(crypto.createPrivateKey(issued.data.private_key)), 'a pair')
  check(/not allowed by this role/.test(await refused(vault.write('pkin/issue/cluster', { common_name: 'evil.example.com' }))), 'names')
  await vault.revoke({ lease_id: issued.lease_id })

  // JWT
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await vault.enableAuth({ mount_point: 'jwtn', type: 'jwt' })
  await vault.write('auth/jwtn/config', { jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })] })
  await vault.write('auth/jwtn/role/work', { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault.io'], token_policies: ['node'] })
  const now = Math.floor(Date.now() / 1000)
  const head = `${base64url({ alg: 'ES256', typ: 'JWT' })}.${base64url({ aud: 'vault.io', sub: 'app', iat: now, exp: now + 300 })}`
  const signature = crypto.sign('sha256', Buffer.from(head), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  const loggedIn = await vault.write('auth/jwtn/login', { role: 'work', jwt: `${head}.${signature}` })
  check(loggedIn.auth.policies.includes('node'), 'logged in')
  check(/error validating token|signature/i.test(await refused(vault.write('auth/jwtn/login', { role: 'work', jwt: `${head}.AAAA` }))), 'forged')
  console.log(`node-vault ${require('node-vault/package.json').version}: ${checks} checks passed`)
}

session().catch((error) => { console.error(error); process.exit(1) })
