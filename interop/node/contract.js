// Calls of IBM's SDK for Node, one per line of standard input.
//
// usage: node contract.js ENDPOINT CREDENTIAL
//
// The lines are those of ../python/contract.py.
'use strict';

const fs = require('fs');
const readline = require('readline');
const COS = require('ibm-cos-sdk');

const [endpoint, credentialPath] = process.argv.slice(2);
const credential = JSON.parse(fs.readFileSync(credentialPath, 'utf8'));
const common = { endpoint, s3ForcePathStyle: true, region: 'us-south', maxRetries: 0 };

const client = new COS.S3({
  ...common,
  apiKeyId: credential.apikey,
  serviceInstanceId: credential.resource_instance_id,
  ibmAuthEndpoint: `${endpoint}/identity/token`,
});
const { access_key_id, secret_access_key } = credential.cos_hmac_keys;
const signer = new COS.S3({
  ...common,
  credentials: new COS.Credentials(access_key_id, secret_access_key),
  signatureVersion: 'v4',
});
const api = client.api;

const upper = (name) => name[0].toUpperCase() + name.slice(1);
const method = (name) => name[0].toLowerCase() + name.slice(1);

function describe() {
  const waiters = Object.keys(api.waiters).map(upper);
  const operations = Object.keys(api.operations).map(upper);
  return {
    operations,
    paginators: operations.filter((name) => api.paginators[name]),
    waiters,
    presigns: ['GetObject', 'PutObject'],
    posts: true,
  };
}

// plain turns what JSON has no form for into one that all SDKs share.
function plain(value) {
  if (value instanceof Date) {
    return `${value.toISOString().slice(0, 19)}Z`;
  }
  if (Buffer.isBuffer(value)) {
    return value.toString();
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

async function sent(url, options) {
  const answer = await fetch(url, options);
  const out = { Body: await answer.text() };
  // As HTTP writes them, and as requests, the library for Python, does not care.
  answer.headers.forEach((value, name) => {
    out[name.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase())] = value;
  });
  return { status: answer.status, out };
}

// send makes one call and returns its answer with the status.
async function send(request) {
  let status = 0;
  request.on('complete', (response) => {
    status = response.httpResponse.statusCode;
  });
  const out = await request.promise();
  return { status, out: plain(out) };
}

function merge(all, page) {
  for (const [name, value] of Object.entries(page)) {
    all[name] = Array.isArray(value) && all[name] ? all[name].concat(value) : value;
  }
}

async function paginate(name, params, size) {
  const { limitKey } = api.paginators[name];
  const limit = api.operations[method(name)].input.members[limitKey] ? { [limitKey]: size } : {};
  const all = {};
  let request = client.makeRequest(method(name), { ...params, ...limit });
  for (let pages = 0; request; pages++) {
    if (pages > 100) {
      throw new Error('the pages do not end');
    }
    const response = await new Promise((resolve, reject) => {
      request.send(function done(err) {
        return err ? reject(err) : resolve(this);
      });
    });
    merge(all, plain(response.data));
    request = response.hasNextPage() ? response.nextPage() : null;
  }
  return { status: 200, out: all };
}

async function post(params) {
  const conditions = params.Conditions || [];
  const form = signer.createPresignedPost({
    Bucket: params.Bucket,
    Fields: { key: params.Key, ...params.Fields },
    Conditions: conditions,
  });
  const body = new FormData();
  Object.entries(form.fields).forEach(([name, value]) => body.append(name, value));
  body.append('file', new Blob([params.Body]), 'file');
  return sent(form.url, { method: 'POST', body });
}

async function call({ op, in: params = {}, page }) {
  const [kind, name] = op.includes(' ') ? op.split(' ') : ['', op];
  if (op === 'model') {
    return { status: 200, out: describe() };
  }
  if (op === 'post') {
    return post(params);
  }
  switch (kind) {
    case 'presign': {
      const { Body: body, ...rest } = params;
      const url = signer.getSignedUrl(method(name), { ...rest, Expires: 60 });
      return sent(url, { method: name.startsWith('Put') ? 'PUT' : 'GET', body });
    }
    case 'paginate':
      return paginate(name, params, page);
    case 'wait':
      await client.waitFor(method(name), { ...params, $waiter: { delay: 1, maxAttempts: 3 } }).promise();
      return { status: 200, out: {} };
    default:
      return send(client.makeRequest(method(name), params));
  }
}

async function answer(line) {
  try {
    return await call(JSON.parse(line));
  } catch (err) {
    return { status: err.statusCode || 0, error: String(err.code || `sdk: ${err.name}`), message: err.message };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
}

main();
