/** The text formats that fields have: each a pattern that a CRD can carry too (RE2, no look-around), with what it accepts. */
import * as z from 'zod';

/** Lower case; what Kubernetes calls a label (RFC 1123): namespaces, and names that stay within one resource. */
export const labelName = () => z.string().min(1).max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: 'must be a name of lower-case letters, digits and "-", beginning and ending with a letter or digit' });

/** What Kubernetes calls a subdomain (RFC 1123): names of resources. */
export const resourceName = () => z.string().min(1).max(253).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, { error: 'must be a name of lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit' });

export const longestQualifiedName = 317;
export const qualifiedNamePattern = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `example.org/name` or `name`: keys of labels and annotations. */
export const qualifiedName = () => z.string().min(1).max(longestQualifiedName).regex(qualifiedNamePattern, { error: 'must be a label key such as "example.org/name"' });

export const labelValue = () => z.string().max(63).regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, { error: 'must be a label value of letters, digits, "-", "_" and ".", beginning and ending with a letter or digit' });

/** Whole MiB are checked where the size is read, since a pattern cannot. */
export const size = () => z.string().max(16).regex(/^[0-9]+(Ki|Mi|Gi|Ti)$/, { error: 'must be a size in whole MiB such as "512Mi" or "4Gi" (units Ki, Mi, Gi, Ti)' });

/** The kernel's list notation, `0-3,8`; empty for no CPU. */
export const cpuList = (longest = 4096) => z.string().max(longest).regex(/^([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?$/, { error: 'must be a CPU list such as "0-3,8"' });

/** The longest honest mask names every other one of 255 vCPUs. */
export const maxMaskItems = 128;

const maskAlphabet = /^([0-9]{0,9}[\t -\/:-~])*[0-9]{0,9}$/;

/** Only its alphabet, and numbers that fit any integer: the grammar needs words that a pattern cannot give, so resolving checks it. */
export const mask = () => z.string().max(1024)
  .refine((text) => maskAlphabet.test(text), { error: 'must be a mask such as "^0" or "2-7,^4", in ASCII, its numbers of at most 9 digits' })
  .refine((text) => text.split(',').length <= maxMaskItems, { error: `has more than ${maxMaskItems} items; accepted: ranges such as "0-7" for neighbours` });

/** A Linux network interface: at most 15 bytes, no slash, colon or space, not `.` or `..`. */
export const interfaceName = () => z.string().max(15).regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/, { error: 'must be the name of a network interface, at most 15 letters, digits, "_", "-" and "."' });

/** Each part begins with a letter, digit or underscore (so no `..`, no hidden file and no option), and has no space, quote or comma, which QEMU's options would need escaped. */
export const relativePath = () => z.string().max(1024).regex(/^[A-Za-z0-9_][A-Za-z0-9_.+@=~-]*(\/[A-Za-z0-9_][A-Za-z0-9_.+@=~-]*)*$/, { error: 'must be a path relative to the host\'s image root, such as "debian/12.qcow2": no leading "/", no "..", parts of letters, digits and any of "_.+@=~-" that begin with a letter, digit or "_"' });

/** Of the administrator's own: absolute, with no part that begins with a dot. */
export const absolutePath = () => z.string().max(1024).regex(/^(\/[A-Za-z0-9_][A-Za-z0-9_.+@=~-]*)+$/, { error: 'must be an absolute path such as "/var/run/vhost", with no ".."' });

export const httpUrl = () => z.string().max(2048).regex(/^https?:\/\/[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(\/[!-~]*)?$/, { error: 'must be an http or https URL such as "https://images.example.org/rt.qcow2", without user name or password' });

export const sha256 = () => z.string().max(64).regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 sum: 64 lower-case hexadecimal digits, as sha256sum prints it' });

export const uuid = () => z.string().max(36).regex(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/, { error: 'must be a UUID such as "6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11"' });

/** The second digit is even: a network card's own address is never a group's. */
export const mac = () => z.string().max(17).regex(/^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/, { error: 'must be a unicast MAC address such as "52:54:00:12:34:56", its second digit even' });

export const pciAddress = () => z.string().max(16).regex(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/, { error: 'must be a PCI address such as "0000:3b:00.1", in lower case' });

/** RFC 3339, as Kubernetes writes it. */
export const timestamp = () => z.string().max(40).regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/, { error: 'must be a time such as "2026-01-31T12:00:00Z"' });

/** Half of a character that UTF-16 needs two for: no file, XML or API server can hold it, and each makes something else of it. */
const isWellFormed = (text: string) => text.isWellFormed();
const halfCharacter = { error: 'has half a character (an unpaired surrogate, "\\ud800" to "\\udfff"); accepted: whole characters' };

/** No control characters but tab (C1 too, which terminals obey): one line that reaches XML, a kernel or a screen. */
export const oneLine = (longest: number) => z.string().max(longest).regex(/^[^\x00-\x08\x0a-\x1f\x7f-\x9f]*$/, { error: 'must be one line without control characters' }).refine(isWellFormed, halfCharacter);

/** Free text of several lines, bounded, without the control characters that XML and YAML cannot hold and terminals obey. */
export const manyLines = (longest: number) => z.string().max(longest).regex(/^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]*$/, { error: 'must be text without control characters other than tab and newline' }).refine(isWellFormed, halfCharacter);

/** Sentences written by rtvm itself, for people. */
export const sentence = () => z.string().max(4096);
