// What people do daily, with IBM's SDK for Node.
//
// usage: node scenario.js MODE ENDPOINT CREDENTIAL
//
// MODE is iam (an API key) or hmac (HMAC keys, signature V4). CREDENTIAL is a
// service credential, the JSON that COS issues.
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const COS = require('ibm-cos-sdk');

const MIB = 1024 * 1024;
const [mode, endpoint, credentialPath] = process.argv.slice(2);
const credential = JSON.parse(fs.readFileSync(credentialPath, 'utf8'));
const bucket = `node-${mode}`;

let steps = 0;

async function step(name, run) {
  try {
    await run();
  } catch (err) {
    throw new Error(`${name}: ${err.code || ''} ${err.message}`);
  }
  steps++;
  console.log('ok', name);
}

async function fails(code, promise) {
  const err = await promise.then(() => null, (e) => e);
  assert(err, `no error, want ${code}`);
  assert.match(err.code, code);
}

function newClient() {
  const common = { endpoint, s3ForcePathStyle: true, region: 'us-south', maxRetries: 0 };
  if (mode === 'hmac') {
    const { access_key_id, secret_access_key } = credential.cos_hmac_keys;
    return new COS.S3({
      ...common,
      credentials: new COS.Credentials(access_key_id, secret_access_key),
      signatureVersion: 'v4',
    });
  }
  return new COS.S3({
    ...common,
    apiKeyId: credential.apikey,
    serviceInstanceId: credential.resource_instance_id,
    ibmAuthEndpoint: `${endpoint}/identity/token`,
  });
}

function get(url) {
  return fetch(url).then(async (r) => {
    const body = Buffer.from(await r.arrayBuffer());
    assert.strictEqual(r.status, 200, body.toString());
    return body;
  });
}

async function small(cos) {
  const keys = ['plain', 'a', 'a/b', 'a//b', 'with space', 'plus+plus', 'percent%2Fliteral', 'ünï/日本/😀'];
  const body = (key) => Buffer.from(`the content of ${key}\r\n\0`);
  await step('put', async () => {
    for (const key of keys) {
      const Metadata = { shape: 'round' };
      await cos.putObject({ Bucket: bucket, Key: key, Body: body(key), ContentType: 'text/x-test', Metadata }).promise();
    }
  });
  await step('get', async () => {
    for (const key of keys) {
      const got = await cos.getObject({ Bucket: bucket, Key: key }).promise();
      assert(got.Body.equals(body(key)), key);
      assert.strictEqual(got.ContentType, 'text/x-test');
      assert.deepStrictEqual(got.Metadata, { shape: 'round' });
    }
  });
  await step('list', async () => {
    const got = [];
    let ContinuationToken;
    do {
      const page = await cos.listObjectsV2({ Bucket: bucket, MaxKeys: 3, ContinuationToken }).promise();
      got.push(...page.Contents.map((o) => o.Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    assert.deepStrictEqual(got.sort(), [...keys].sort());
  });
  await step('list by delimiter', async () => {
    const page = await cos.listObjects({ Bucket: bucket, Delimiter: '/' }).promise();
    assert.deepStrictEqual(page.CommonPrefixes.map((p) => p.Prefix).sort(), ['a/', 'ünï/']);
  });
  await step('bucket is not empty', () => fails(/^BucketNotEmpty$/, cos.deleteBucket({ Bucket: bucket }).promise()));
  await step('no such key', () => fails(/^NoSuchKey$/, cos.getObject({ Bucket: bucket, Key: 'missing' }).promise()));
  await step('delete many', async () => {
    const Objects = keys.map((Key) => ({ Key }));
    const out = await cos.deleteObjects({ Bucket: bucket, Delete: { Objects } }).promise();
    assert.strictEqual(out.Deleted.length, keys.length);
    assert.deepStrictEqual(out.Errors, []);
  });
}

async function large(cos) {
  const body = Buffer.alloc(64 * MIB + 12345);
  crypto.createCipheriv('aes-128-ctr', 'icos icos icos i', Buffer.alloc(16)).update(body).copy(body);
  const read = async (params) => (await cos.getObject({ Bucket: bucket, ...params }).promise()).Body;

  await step('upload in parts', async () => {
    const out = await cos.upload({ Bucket: bucket, Key: 'large', Body: body }, { partSize: 8 * MIB }).promise();
    assert.match(out.ETag, /-9"?$/);
  });
  await step('get large', async () => assert(body.equals(await read({ Key: 'large' }))));
  await step('get range', async () => {
    const got = await read({ Key: 'large', Range: `bytes=${8 * MIB - 10}-${8 * MIB + 9}` });
    assert(got.equals(body.subarray(8 * MIB - 10, 8 * MIB + 10)));
  });
  await step('copy', async () => {
    await cos.copyObject({ Bucket: bucket, Key: 'copied', CopySource: `${bucket}/large` }).promise();
    assert(body.equals(await read({ Key: 'copied' })));
  });
  if (mode === 'hmac') {
    await step('presign', async () => {
      const url = cos.getSignedUrl('getObject', { Bucket: bucket, Key: 'large', Expires: 60 });
      assert(body.equals(await get(url)));
    });
  }
  await step('abort', async () => {
    const { UploadId } = await cos.createMultipartUpload({ Bucket: bucket, Key: 'never' }).promise();
    await cos.uploadPart({ Bucket: bucket, Key: 'never', UploadId, PartNumber: 1, Body: 'x' }).promise();
    await cos.abortMultipartUpload({ Bucket: bucket, Key: 'never', UploadId }).promise();
    await fails(/^NoSuchUpload$/, cos.listParts({ Bucket: bucket, Key: 'never', UploadId }).promise());
  });
  await step('delete', async () => {
    for (const Key of ['large', 'copied']) {
      await cos.deleteObject({ Bucket: bucket, Key }).promise();
    }
  });
}

async function main() {
  const cos = newClient();
  const CreateBucketConfiguration = { LocationConstraint: 'us-south-standard' };
  await step('create bucket', () => cos.createBucket({ Bucket: bucket, CreateBucketConfiguration }).promise());
  await step('bucket exists', () =>
    fails(/^BucketAlready(Exists|OwnedByYou)$/, cos.createBucket({ Bucket: bucket, CreateBucketConfiguration }).promise()));
  await step('list buckets', async () => {
    const { Buckets } = await cos.listBuckets().promise();
    assert(Buckets.some((b) => b.Name === bucket));
  });
  await small(cos);
  await large(cos);
  await step('delete bucket', () => cos.deleteBucket({ Bucket: bucket }).promise());
  console.log(`scenario ${mode}: ${steps} steps`);
}

main().catch((err) => {
  console.error(err.message);
  process.exitCode = 1;
});
