/** A report as text and as a page: what it says, and that nothing that it quotes becomes markup. */
import { describe, expect, it } from 'vitest';
import { notesOn } from '../../realtime/latency/notes.ts';
import { settingReports } from '../../realtime/latency/report.ts';
import { reportHtml } from './report-html.ts';
import { formatReport } from './report-text.ts';
import { bare, sampleReport as report, turn } from './sample-report.ts';

describe('a report', () => {
  it('holds every turn, and merges them without losing a sample', () => {
    const [floating, realtime] = report.settings;
    expect(floating!.all.samples).toBe(8 * 10 * 2001);
    expect(floating!.all.buckets.reduce((sum, [, , count]) => sum + count, 0)).toBe(floating!.all.samples);
    expect(realtime!.all).toMatchObject({
      maxUs: 54_007,
      maxAt: { time: '2026-12-01T01:07:00.000Z', errorMs: 3 },
      windowMaxUs: 64.5,
    });
    expect(realtime!.turns.map(({ turn: number, windowMaxUs }) => [number, windowMaxUs.length])).toEqual(
      Array.from({ length: 8 }, (_, index) => [index + 1, 10]),
    );
  });

  it("takes the guest's own maximum where the window that had it was lost", () => {
    const lost = {
      ...turn('realtime', 0, 60, 100),
      worst: new Map([[1, { us: 900, time: '2026-12-01T01:00:01.000Z' }]]),
      lost: { windows: 1, samples: 2001, garbledLines: 1 },
    };
    const [only] = settingReports([lost]);
    expect(only!.all).toMatchObject({ maxUs: 900, maxAt: { time: '2026-12-01T01:00:01.000Z' } });
    expect(notesOn({ ...bare, settings: [only!], comparisons: [] })).toContainEqual(
      expect.stringContaining('2,001 samples of 1 windows were lost'),
    );
  });

  it('says where typical and worst case are the other way round, and why', () => {
    expect(report.notes).toContainEqual(
      expect.stringMatching(
        /^realtime guest is better than floating in the typical window \(×\d+\.\d\), and worse in its worst case \(54007 µs against 20007 µs\)\. Since Linux 6\.12 the fair server/,
      ),
    );
    const passed = { ...bare, checks: [{ ...bare.checks[0]!, result: 'Pass' as const }] };
    expect(notesOn(passed)).toContainEqual(expect.stringContaining('--why says what kept it from running'));
  });

  it('warns of a host that is a virtual machine, of emulation, and of short runs', () => {
    const notes = notesOn({
      ...bare,
      host: { ...bare.host, isGuest: true },
      method: { ...bare.method, emulated: true },
    }).join('\n');
    expect(notes).toContain("quote no figure as the host's own");
    expect(notes).toContain('nothing of this host');
    expect(notes).toContain('the field measures for 12 hours');
    expect(
      notesOn({ ...bare, method: { ...bare.method, turns: 1, secondsPerTurn: 43_200 } }).join('\n'),
    ).not.toContain('12 hours');
  });

  it('is text that keeps to its width, with verdict, ratios and causes', () => {
    const text = formatReport({ ...report, imported: [], late: [] }, { width: 80, unicode: true });
    expect(text).toContain('FAIL: the limit is 100 µs');
    expect(text).toMatch(/^window max +8004\.5 +64\.50 +×124 +×124 to ×124 +better$/m);
    expect(text).toMatch(/^turn max .* worse$/m);
    expect(text).toContain('No window had a sample beyond 50 µs.');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(formatReport(report, { width: 80, unicode: false })).not.toMatch(/█/);
  });

  it('is a page that stands by itself, and in which nothing that it quotes is markup', () => {
    const page = reportHtml(report);
    expect(page).not.toMatch(/<script|javascript:|https?:|url\(|@import|\u202e/i);
    expect(page.match(/&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;\\u202e/g)!.length).toBeGreaterThanOrEqual(
      3,
    );
    expect(page).toContain('<p class="verdict fail">Fail<small>limit 100 µs</small></p>');
    expect(page.match(/<svg /g)).toHaveLength(2);
    const tags = [...page.matchAll(/<(\/?)(section|table|tbody|thead|tr|ul|dl|figure|svg|div)\b[^>]*>/g)].filter(
      ([tag]) => !tag.endsWith('/>'),
    );
    const open = new Map<string, number>();
    for (const [, end, name] of tags) open.set(name!, (open.get(name!) ?? 0) + (end === '/' ? -1 : 1));
    expect([...open.values()].every((count) => count === 0)).toBe(true);
  });
});
