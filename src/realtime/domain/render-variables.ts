/**
 * A domain that is never started: it lets libvirt remove the UEFI variables of a guest whose own domain is undefined.
 * Where they are only libvirt knows, which finds them by the domain's name.
 */
import type { Guest } from '../guest.ts';
import { boot } from './boot.ts';
import type { DomainInput } from './domain-input.ts';
import { domainName } from './domain-name.ts';
import { element, formatXml } from './element.ts';
import { metadata } from './metadata.ts';
import { devices, machine } from './render.ts';

export function hasVariables({ boot: by }: Pick<Guest, 'boot'>): boolean {
  return by.kind !== 'rom' && by.type === 'UEFI';
}

/** @param uuid another one than the guest's: a start of the guest that is under way still does not find it. */
export function renderVariables(input: Omit<DomainInput, 'files' | 'networks'>, uuid: string): string {
  const { virtType } = input;
  return formatXml(element('domain', { type: virtType }, [
    element('name', {}, domainName(input.vm)),
    element('uuid', {}, uuid),
    metadata(input),
    ...machine(input, {
      boot: boot({ kind: 'firmware', type: 'UEFI' }, {}), sharesMemory: false, onReboot: 'destroy',
    }),
    devices([], []),
  ]));
}
