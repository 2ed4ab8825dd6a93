import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResourceRef } from '../../crds/resource.ts';
import { fileStem, stemPrefix } from './object-name.ts';

test.each<[ResourceRef, string]>([
  [{ kind: 'RealtimeVM', namespace: 'default', name: 'probe' }, 'RealtimeVM_default_probe'],
  [{ kind: 'RealtimeNode', name: 'host-a.example' }, 'RealtimeNode__host-a.example'],
  [{ kind: 'RealtimeVM', namespace: '..', name: '../../etc/passwd' }, 'RealtimeVM_.._..%2F..%2Fetc%2Fpasswd'],
  [{ kind: 'RealtimeVM', namespace: 'a_b', name: 'c\0%ä' }, 'RealtimeVM_a%5Fb_c%00%25%C3%A4'],
])('%j is kept in %s', (object, stem) => expect(fileStem(object)).toBe(stem));

const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: fc.constantFrom('a', '_', '~', '%', '/', '.', '\0'), maxLength: 300 }));
const object = fc.record({ kind: fc.constantFrom('RealtimeVM' as const, 'RealtimeNode' as const), namespace: part, name: part });

test('any name gives one plain file name of its kind', () => {
  fc.assert(fc.property(object, (named) => {
    const stem = fileStem(named);
    expect(stem).toMatch(/^[A-Za-z0-9._%~-]{1,200}$/);
    expect(stem.startsWith(stemPrefix(named.kind))).toBe(true);
  }));
});

test('different objects have different files', () => {
  // Lone surrogates cannot occur in YAML or JSON text, and all encode alike.
  fc.assert(fc.property(object, object, (one, other) => {
    const same = one.kind === other.kind && one.namespace.toWellFormed() === other.namespace.toWellFormed() && one.name.toWellFormed() === other.name.toWellFormed();
    expect(fileStem(one) === fileStem(other)).toBe(same);
  }));
});
