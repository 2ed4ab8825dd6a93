/** What a domain says about itself, so that an agent that knows nothing can adopt it: written here, read back in parse-metadata.ts. */
import type { DomainInput } from './domain-input.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

export const metadataNamespace = 'https://rtvm.dev/domain/v1';

/** `<metadata>` with one element in our own XML namespace, which libvirt keeps as it is. */
export function metadata(
  { vm, generation, payload }: Pick<DomainInput, 'vm' | 'generation' | 'payload'>,
): XmlElement {
  return element('metadata', {}, [
    element('rtvm:domain', { 'xmlns:rtvm': metadataNamespace, namespace: vm.namespace, name: vm.name, uid: vm.uid, generation }, [
      element('rtvm:payload', {}, payload),
    ]),
  ]);
}
