/** The guest's serial port: a terminal for people, and a log of everything that it wrote. */
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/** `<serial>` and `<console>`, the same port: `virsh console` works while the log goes on. Without a reader nothing waits. */
export function serialConsole(logPath: string): readonly XmlElement[] {
  return [
    element('serial', { type: 'pty' }, [
      element('log', { file: logPath, append: 'on' }),
      element('target', { type: 'isa-serial', port: 0 }),
    ]),
    element('console', { type: 'pty' }, [element('target', { type: 'serial', port: 0 })]),
  ];
}
