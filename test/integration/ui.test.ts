// The page in a real browser, over a real API server: what it shows, how it follows, that it can be used without a mouse, and that it
// bears 500 nodes. Its screenshots are in build/screenshots/.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { silentLog } from '../../src/runtime/testing/recorded-log.ts';
import { Controller } from '../../src/controller/controller.ts';
import { ClusterFeed } from '../../src/cli/ui/cluster-feed.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import { openBrowser } from './support/browser.ts';
import type { Browser } from './support/browser.ts';
import { fillCluster } from './support/full-cluster.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { paths } from './support/kube-objects.ts';
import { kubeStore } from './support/kube-store.ts';
import { startUi } from './support/ui-process.ts';
import { until } from './support/until.ts';

const screenshots = join(import.meta.dirname, '../../build/screenshots');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const patience = { timeout: 60_000, interval: 100 };

const texts = (page: Page, selector: string) => page.locator(selector).allInnerTexts();
const liveText = (page: Page) => page.locator('#live-text').innerText();
const isLive = (page: Page) => expect.poll(() => liveText(page), patience).toBe('Live');

async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}.png`) });
  }
}

async function startCluster(): Promise<KubeApi> {
  const api = await startKubeApi();
  await installCrds(api);
  return api;
}

/** What axe finds wrong, in light and in dark. It is run beside the page's own policy, which would not let it in. */
async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
  await page.reload();
  await isLive(page);
  await page.evaluate(axe);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    problems.push(...violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html}: ${failureSummary ?? ''}`)));
  }
  await session.send('Page.setBypassCSP', { enabled: false });
  return problems;
}

/**
 * What the page does while something happens: changes of the list and of CPUs in the document, and time spent. Marks of nodes are
 * not counted: nobody renews these Leases, so that on a slow machine they lapse just then.
 */
async function costOf(page: Page, act: () => Promise<void>): Promise<{ readonly mutations: number; readonly scriptMs: number; readonly layoutMs: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const seconds = (...names: readonly string[]) => metrics.filter(({ name }) => names.includes(name)).reduce((sum, { value }) => sum + value, 0) * 1000;
    return { scriptMs: seconds('ScriptDuration'), layoutMs: seconds('LayoutDuration', 'RecalcStyleDuration') };
  };
  await page.evaluate('window.mutations = 0; new MutationObserver((records) => { window.mutations += records.filter(({ target }) => (target.closest === undefined ? target.parentElement : target)?.closest(".map, #vm-list")).length; }).observe(document.querySelector(".parts"), { subtree: true, childList: true, attributes: true, characterData: true })');
  const before = await spent();
  await act();
  const after = await spent();
  return { mutations: await page.evaluate<number>('window.mutations'), scriptMs: after.scriptMs - before.scriptMs, layoutMs: after.layoutMs - before.layoutMs };
}

describeWithKubeApi('the page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
  });

  it('follows two hosts, their VMs and what goes wrong', async () => {
    await using api = await startCluster();
    await using cluster = new HollowCluster(api);
    await Promise.all([cluster.addNode('host-a'), cluster.addNode('host-b')]);
    cluster.startController();
    const args = ['--kubeconfig', api.kubeconfigPath, '--lease-namespace', 'default'];
    const ui = await startUi(args);
    await using stack = new AsyncDisposableStack();
    stack.use(ui);
    const page = await browser.open(ui.url);
    await isLive(page);
    expect(await texts(page, '.node-name')).toEqual(['host-a', 'host-b']);
    expect(await page.locator('#vm-nothing').innerText()).toBe('There are no VMs yet.');

    const create = (name: string, cpu: object, more: object = {}) => cluster.objects.create(paths.vms, {
      apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name }, spec: { cpu, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }], terminationGracePeriodSeconds: 1, ...more },
    });
    const row = (name: string) => page.locator(`.vm[data-key="default/${name}"]`);
    const state = (name: string) => row(name).locator('.state').innerText();
    const cpusOf = (vm: string, role = '') => page.locator(`.cpu[title*="default/${vm}"]${role}`);

    await create('drill', { vcpus: 2, policy: 'Dedicated', realtime: { mask: '^0', priority: 5 } });
    await create('press', { vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate', coreSharing: 'Allow', realtime: { priority: 20 } });
    await create('vision', { vcpus: 16, policy: 'Dedicated', realtime: { mask: '^0' } });
    await create('office', { vcpus: 2, policy: 'Shared' }, { memory: { size: '32Mi' } });
    await expect.poll(async () => [await state('drill'), await state('press'), await state('vision'), await state('office')], patience).toEqual(['Verified', 'Verified', 'Pending', 'Running']);
    expect(await row('vision').locator('.vm-line').innerText()).toMatch(/^2 hosts: .*16 needed/);
    expect(await page.locator('.vm').first().getAttribute('data-key')).toBe('default/vision');
    expect([await cpusOf('drill', '.realtime').count(), await cpusOf('drill', '.vcpu').count(), await cpusOf('press', '.emulator').count()]).toEqual([1, 1, 1]);
    expect(await cpusOf('drill', '.realtime').locator('.label').innerText()).toMatch(/^[AB]1\*$/);

    // What is wrong with hosts, with text that would do harm if it were taken for markup.
    const markup = '<img src=x onerror="document.title=1">';
    await cluster.objects.patch(`${paths.clusterNodes}/host-b`, { spec: { unschedulable: true } });
    await cluster.objects.patch(`${paths.nodes}/host-b/status`, { status: { checks: [{ name: 'rt-throttling', result: 'Fail', observed: markup, wanted: '-1', remedy: 'sysctl -w kernel.sched_rt_runtime_us=-1' }] } });
    await expect.poll(() => texts(page, '[data-name=host-b] .mark'), patience).toEqual(expect.arrayContaining(['1 failed check', 'cordoned']));

    // Somebody has changed a thread, on a host that lets nobody put it right.
    const [uuid, host] = await until('the domain of drill runs', () => [...cluster.hosts.values()].flatMap((each) => each.running().filter(({ name }) => name.includes('drill')).map((domain) => [domain.uuid, each] as const))[0]);
    host.correct = () => undefined;
    host.disturb(uuid, host.find(uuid)!.process!.threads.find(({ policy }) => policy === 'FIFO')!.comm, { policy: 'OTHER', priority: 0 });
    await expect.poll(() => state('drill'), patience).toBe('Not verified');
    await expect.poll(() => page.locator('#nodes .cpu.flagged').count(), patience).toBe(1);
    await shoot(page, 'two-hosts');

    // By mouse: a CPU leads to its VM. By keyboard: the list, the CPUs, Escape.
    await cpusOf('press', '.realtime').click();
    await expect.poll(() => texts(page, '#inspector td'), patience).toEqual(['0', expect.stringMatching(/^\d$/), 'realtime']);
    expect([await cpusOf('press', '.chosen').count(), new URL(page.url()).hash]).toEqual([await cpusOf('press').count(), '#vm=default/press']);
    await page.keyboard.press('Escape');
    expect(await page.locator('#inspector').isVisible()).toBe(false);
    await page.locator('#vm-list').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#inspector .findings').innerText(), patience).toContain('FIFO 5');
    expect(await page.locator('#inspector h2').innerText()).toContain('default/drill');
    await shoot(page, 'two-hosts-finding');
    const firstCpu = page.locator('[data-name=host-a] .cpu').first();
    await firstCpu.focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate('document.activeElement.title')).toMatch(/^CPU 1: /);
    expect(await page.locator('[data-name=host-a] .cpu[tabindex="0"]').count()).toBe(1);
    await page.locator('.node-name', { hasText: 'host-b' }).click();
    await expect.poll(() => page.locator('#inspector').innerText(), patience).toContain(markup);
    expect(await page.locator('#inspector img').count()).toBe(0);
    expect(await accessibilityProblems(page)).toEqual([]);

    // A filter, by a word and by a figure.
    await page.keyboard.press('/');
    await page.keyboard.type('pre');
    expect(await texts(page, '#vm-count')).toEqual(['1 of 4']);
    await page.locator('#search').fill('');
    await page.getByRole('button', { name: /^Pending/ }).click();
    expect([await page.locator('#search').inputValue(), await page.locator('.vm').count()]).toEqual(['is:pending', 1]);
    await page.getByRole('button', { name: /^Pending/ }).click();

    await cluster.objects.delete(`${paths.vms}/press`);
    await expect.poll(() => Promise.all([row('press').count(), cpusOf('press').count()]), patience).toEqual([0, 0]);

    // Without a server the page says so; with one again it has what it missed.
    await ui[Symbol.asyncDispose]();
    await expect.poll(() => liveText(page), patience).toMatch(/^Not live: as of \d\d:\d\d:\d\d$/);
    await cluster.objects.delete(`${paths.vms}/vision`);
    stack.use(await startUi(args, Number(new URL(ui.url).port)));
    await isLive(page);
    expect([await row('vision').count(), await row('office').count()]).toEqual([0, 1]);
    expect(browser.complaints).toEqual([]);
    await page.close();
  });

  it('shows 500 nodes, and of a change no more than has changed', async () => {
    await using api = await startCluster();
    const cluster = await fillCluster(api, { nodes: 500, vms: 250, leaseNamespace: 'rtvm-system' });
    await using ui = await startUi(['--kubeconfig', api.kubeconfigPath]);
    const page = await browser.open(ui.url);
    await isLive(page);
    const firstPaintMs = await page.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0].startTime');
    const liveMs = await page.evaluate<number>('performance.now()');
    expect(await page.locator('.node').count()).toBe(cluster.nodes);
    expect(await texts(page, '#vm-count')).toEqual([String(cluster.vms + cluster.pending)]);
    expect(await page.getByRole('button', { name: /^Not verified 2 / }).count()).toBe(1);
    // What is far from being seen has no CPUs in the document.
    const elements = await page.evaluate<number>('document.querySelectorAll("*").length');
    expect(elements).toBeLessThan(15_000);
    await shoot(page, 'many-hosts');
    await page.locator('.vm').first().click();
    await expect.poll(() => page.locator('#inspector .findings').count(), patience).toBe(1);
    await shoot(page, 'many-hosts-finding');
    await page.keyboard.press('Escape');

    const [namespace, name] = cluster.violated.split('/') as [string, string];
    const cost = await costOf(page, async () => {
      const path = `/apis/rtvm.dev/v1alpha1/namespaces/${namespace}/realtimevms/${name}`;
      await kubeRequest(api, 'PATCH', `${path}/status`, { body: { status: { phase: 'Failed' } }, contentType: 'application/merge-patch+json' });
      await expect.poll(() => page.locator(`.vm[data-key="${namespace}/${name}"] .state`).innerText(), patience).toBe('Failed');
    });
    expect(cost.mutations).toBeLessThan(40);
    process.stdout.write(`500 nodes, ${cluster.vms} VMs: first paint after ${Math.round(firstPaintMs)} ms, all there after ${Math.round(liveMs)} ms, ${elements} elements; one change: ${cost.mutations} mutations, ${cost.scriptMs.toFixed(1)} ms of script, ${cost.layoutMs.toFixed(1)} ms of layout and style\n`);

    await page.locator('#search').fill('node-00');
    await page.locator('.sizes').getByText('Large').click();
    await page.locator('.vm').first().click();
    await expect.poll(() => page.locator('#inspector .findings').count(), patience).toBe(1);
    await page.locator('#vm-list').focus();
    await shoot(page, 'large-hosts');
    expect(browser.complaints).toEqual([]);
    await page.close();
  });

  it('asks the API server for nothing that the controller has not asked for already', async () => {
    await using api = await startCluster();
    const { store, requests } = kubeStore(api);
    const controller = new Controller({ store, cluster: { cluster: store, leaseNamespace: 'default', leaderLease: 'rtvm-controller', leaseMs: 40_000 }, runtime: machineRuntime, log: silentLog });
    const ended = controller.run();
    const feed = new ClusterFeed({ store, cluster: { cluster: store, leaseNamespace: 'default', leaseMs: 40_000 } }, machineRuntime.clock);
    try {
      const watches = () => requests.filter((request) => request.includes('watch=')).map((request) => request.replace(/\?.*$/, '')).toSorted();
      await expect.poll(() => watches().length, patience).toBeGreaterThanOrEqual(8);
      const before = watches();
      const reader = feed.read();
      for await (const { event, data } of reader.messages()) if (event === 'sight' && data.includes('"complete":true')) break;
      expect(watches()).toEqual(before);
    } finally {
      await feed.close();
      controller.stop();
      await ended;
    }
  });
});
