// Vectors of the "AWS Signature Version 4 Test Suite": get-vanilla, get-vanilla-query-order-key-case, post-vanilla.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsHeaders } from './aws-signature.ts';

const credentials = {
  ...{
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    sessionToken: '',
  },
};
const common = {
  body: '',
  service: 'service',
  region: 'us-east-1',
  wallMs: Date.UTC(2015, 7, 30, 12, 36, 0),
};

test('requests are signed as in the published suite', () => {
  for (const [method, url, signature] of [
    [
      'GET',
      'https://example.amazonaws.com/',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'GET',
      'https://example.amazonaws.com/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'POST',
      'https://example.amazonaws.com/',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
  ] as const) {
    const headers = awsHeaders({ ...common, method, url }, credentials);
    assert.equal(headers['x-amz-date'], '20150830T123600Z');
    assert.equal(
      headers['Authorization'],
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    );
  }
});

test('a session token is sent and signed', () => {
  const headers = awsHeaders(
    { ...common, method: 'GET', url: 'https://example.amazonaws.com/' },
    { ...credentials, sessionToken: 't' },
  );
  assert.equal(headers['x-amz-security-token'], 't');
  assert.match(headers['Authorization']!, /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
});
