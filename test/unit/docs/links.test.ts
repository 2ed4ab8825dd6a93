// Links between pages lead somewhere: files that are there, headings that are on the page.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, root } from './pages.ts';

/** As GitHub makes anchors of headings: lower case, without marks, spaces as hyphens, numbered where one comes again. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set([...headings].map(([, heading]) => {
    const plain = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-');
    const times = seen.get(plain) ?? 0;
    seen.set(plain, times + 1);
    return times === 0 ? plain : `${plain}-${times}`;
  }));
}

const links = pages.flatMap(({ path, prose }) => [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({ path, target: target! })));
const local = links.filter(({ target }) => !/^https?:/.test(target));

describe('links', () => {
  it.each(local)('$path → $target', ({ path, target }) => {
    const [file = '', anchor] = target.split('#');
    const found = file === '' ? path : normalize(join(dirname(path), file));
    expect(existsSync(join(root, found))).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(readFileSync(join(root, found), 'utf8'))).toContain(anchor);
  });

  it('to other sites are https', () => {
    expect(links.filter(({ target }) => target.startsWith('http:'))).toEqual([]);
  });

  it('reach every page from README.md', () => {
    const reached = new Set(['README.md']);
    for (const from of reached) {
      for (const { path, target } of local) {
        const file = target.split('#')[0]!;
        if (path === from && file.endsWith('.md')) reached.add(normalize(join(dirname(path), file)));
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});
