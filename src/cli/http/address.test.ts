import { expect, it } from 'vitest';
import { parseListenAddress } from './address.ts';

it.each([
  ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  [':8080', { port: 8080 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
  ['8080', undefined],
  ['::1:8080', undefined],
  ['host:65536', undefined],
  ['host:', undefined],
  ['a b:80', undefined],
])('reads %j', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});
