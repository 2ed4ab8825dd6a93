// What `rtvm controller` says of options that do not go together, before it talks to any cluster.
import { expect, it } from 'vitest';
import { capturedRun } from '../captured-run.ts';

it.each<[string, readonly string[], string]>([
  ['an image alone', ['--guard-image', 'pause:3'], '--guard-image "pause:3" without --guard-namespace: say where guards are kept, as --guard-namespace rtvm-system'],
  ['a namespace alone', ['--guard-namespace', 'rtvm'], '--guard-namespace "rtvm" without --guard-image: guards are pods, and need an image that does nothing, as --guard-image registry.k8s.io/pause:3.10'],
  ['an empty image, as a chart may render it', ['--guard-namespace', 'rtvm', '--guard-image', ''], '--guard-namespace "rtvm" without --guard-image: guards are pods, and need an image that does nothing, as --guard-image registry.k8s.io/pause:3.10'],
  ['what is no namespace', ['--guard-namespace', 'Rtvm/x', '--guard-image', 'pause:3'], '--guard-namespace "Rtvm/x" cannot be a namespace; accepted: at most 63 lower-case letters, digits and "-", with a letter or digit at both ends'],
  ['what is no image', ['--guard-namespace', 'rtvm', '--guard-image', 'pause 3'], '--guard-image "pause 3" cannot be an image; accepted: a reference without blanks, as registry.k8s.io/pause:3.10'],
])('controller: %s', async (_, args, message) => {
  expect(await capturedRun(['controller', ...args])).toMatchObject({ exitCode: 2, stdout: '', stderr: `rtvm: ${message}\n` });
});
