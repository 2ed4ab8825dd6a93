import { describe, expect, test } from 'vitest';
import { requireAllowed, requirePrefixes } from './url-allow-list.ts';

const prefixes = ['https://images.example.com/realtime/', 'http://mirror.lan:8080/rt'];

test.each([
  'https://images.example.com/realtime/debian.qcow2',
  'https://images.example.com/realtime/sub/debian.qcow2?token=1',
  'https://IMAGES.example.com:443/realtime/a/../b.raw',
  'http://mirror.lan:8080/rt',
  'http://mirror.lan:8080/rt/x',
])('%s', (url) => {
  expect(requireAllowed(url, prefixes).href).toBe(new URL(url).href);
});

describe('refused', () => {
  test.each([
    ['not a url', '"not a url" is not an http or https URL'],
    ['file:///etc/shadow', '"file:///etc/shadow" is not an http or https URL'],
    ['ftp://images.example.com/realtime/x', '"ftp://images.example.com/realtime/x" is not an http or https URL'],
    ['https://user:secret@images.example.com/realtime/x', 'https://images.example.com/realtime/x: credentials in a URL are not accepted'],
    ['https://images.example.com/realtime/..%2fsecret', 'https://images.example.com/realtime/..%2fsecret: encoded slashes and backslashes are not accepted'],
    ['https://images.example.com/realtime/..%5Csecret', 'https://images.example.com/realtime/..%5Csecret: encoded slashes and backslashes are not accepted'],
  ])('%s', (url, message) => {
    expect(() => requireAllowed(url, prefixes)).toThrow(expect.objectContaining({ code: 'URL_NOT_ALLOWED', message }));
  });

  test.each([
    ['http://images.example.com/realtime/x', 'http://images.example.com/realtime/x'],
    ['https://images.example.com:8443/realtime/x', 'https://images.example.com:8443/realtime/x'],
    ['https://images.example.com.evil.org/realtime/x', 'https://images.example.com.evil.org/realtime/x'],
    ['https://images.example.com/realtime', 'https://images.example.com/realtime'],
    ['https://images.example.com/realtime-secret/x', 'https://images.example.com/realtime-secret/x'],
    ['https://images.example.com/realtime/../secret', 'https://images.example.com/secret'],
    ['https://images.example.com/realtime/%2e%2e/secret', 'https://images.example.com/secret'],
    ['http://mirror.lan:8080/rtx', 'http://mirror.lan:8080/rtx'],
    ['http://169.254.169.254/latest/meta-data', 'http://169.254.169.254/latest/meta-data'],
    ['http://mirror.lan:8080@evil.org/rt/x', undefined],
  ])('%s', (url, name) => {
    const message = name === undefined
      ? 'http://evil.org/rt/x: credentials in a URL are not accepted'
      : `${name} is not on this host's list of places to fetch images from; accepted: https://images.example.com/realtime/, http://mirror.lan:8080/rt; its administrator allows more with --allow-url`;
    expect(() => requireAllowed(url, prefixes)).toThrow(expect.objectContaining({ code: 'URL_NOT_ALLOWED', message }));
  });

  test('everything, where nothing is allowed', () => {
    expect(() => requireAllowed('https://images.example.com/x', [])).toThrow(
      'https://images.example.com/x is not on this host\'s list of places to fetch images from; the list is empty: its administrator has to allow a URL prefix first, with --allow-url of the agent (or of rtvm run)',
    );
  });
});

test.each(['images.example.com/realtime/', 'file:///srv/images', ''])('an administrator who lists %j is told', (prefix) => {
  expect(() => requirePrefixes([...prefixes, prefix])).toThrow(expect.objectContaining({
    code: 'URL_NOT_ALLOWED',
    message: `${JSON.stringify(prefix)} in the list of places to fetch images from is not an http or https URL; accepted: prefixes such as "https://images.example.com/realtime/"`,
  }));
  expect(() => requirePrefixes(prefixes)).not.toThrow();
});
