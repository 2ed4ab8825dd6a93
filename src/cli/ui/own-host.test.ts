import { expect, it } from 'vitest';
import { isOwnHost } from './own-host.ts';

it.each(['localhost:8090', '127.0.0.1:8090', '[::1]:8080', '10.42.0.7:8080', 'rtvm-controller:8080', 'rtvm-controller.rtvm-system.svc', 'rtvm-controller.rtvm-system.svc.cluster.local:8080', 'RTVM.example.org'])('answers to %s', (host) => {
  expect(isOwnHost(host, ['rtvm.example.org'])).toBe(true);
});

it.each([undefined, '', 'evil.example', 'localhost.evil.example:8090', '127.0.0.1.evil.example', '127.0.0.1@evil.example', 'rtvm.example.org.evil.example', 'svc.example', 'a b'])('does not answer to %s', (host) => {
  expect(isOwnHost(host, ['rtvm.example.org'])).toBe(false);
});
