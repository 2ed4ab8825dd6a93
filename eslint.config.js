// Type-aware rules for everything, and one rule of our own: which room may import which (the table is in CONTRIBUTING.md).
import tseslint from 'typescript-eslint';

/** Room → the rooms it may import. A room that is not listed may not be imported by it. */
const mayImport = {
  realtime: [],
  protocol: [],
  crds: ['realtime'],
  runtime: [],
  store: ['runtime', 'crds'],
  controller: ['runtime', 'realtime', 'protocol', 'crds', 'store'],
  libvirt: ['runtime'],
  'node-agent': ['runtime', 'realtime', 'protocol', 'crds', 'store', 'libvirt'],
  latency: ['runtime', 'realtime', 'crds', 'libvirt', 'node-agent'],
  cli: ['runtime', 'realtime', 'protocol', 'crds', 'store', 'controller', 'libvirt', 'node-agent', 'latency'],
};

const rooms = Object.keys(mayImport);

const roomRules = Object.entries(mayImport).map(([room, allowed]) => {
  const forbidden = rooms.filter((other) => other !== room && !allowed.includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          ...forbidden.map((other) => ({
            regex: `^(\\.\\./)+(src/)?${other}/`,
            message: `src/${room}/ may not import src/${other}/ (it may import: ${allowed.join(', ') || 'no other room'}).`,
          })),
          { regex: '^(\\.\\./)+(test|bench|scripts)/', message: 'src/ does not depend on tests, benches or scripts.' },
        ],
      }],
    },
  };
});

/** The pure core and the protocol: no I/O, no clock, no randomness. */
const pureCore = {
  files: ['src/realtime/**/*.ts', 'src/protocol/**/*.ts'],
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'performance', 'Date'],
    'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'The core is deterministic.' }],
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ regex: '^node:', message: 'This room does no I/O.' }] }],
  },
};

const injected = 'Time and chance come from src/runtime/ (Clock, Random), so that a simulation can put its own in.';

/** Time and chance are read, and waited for, in one room; the page is a browser's program, with a browser's clock. */
const timeAndChance = {
  files: ['src/**/*.ts'],
  ignores: ['src/runtime/**', 'src/realtime/**', 'src/cli/ui/page/**', '**/*.test.ts', '**/testing/**'],
  rules: {
    'no-restricted-globals': ['error', ...[
      'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'performance', 'crypto',
    ].map((name) => ({ name, message: injected }))],
    'no-restricted-properties': ['error', ...[
      ['Date', 'now'], ['Math', 'random'], ['AbortSignal', 'timeout'], ['process', 'hrtime'],
    ].map(([object, property]) => ({ object, property, message: injected }))],
    '@typescript-eslint/no-restricted-imports': ['error', {
      paths: [
        ...['node:timers', 'node:timers/promises', 'node:perf_hooks'].map((name) => ({ name, message: injected })),
        {
          name: 'node:crypto', message: injected,
          importNames: ['randomUUID', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues', 'webcrypto'],
        },
      ],
    }],
  },
};

/** The bundle then holds only what is used of it: `z` as one object drags in all of zod, its forty languages too. */
const zodByName = { selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier", message: "Write: import * as z from 'zod'" };

/** A moment that is given is a value; the present one is time that is read. */
const presentDate = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: injected };

/** What a tenant, libvirt or the API server wrote goes into a field; messages are found again by their text. */
const constantMessage = {
  selector: 'CallExpression[callee.property.name=/^(debug|info|warn|error)$/]'
    + ":matches([callee.object.name='log'], [callee.object.property.name='log']):not([arguments.0.type='Literal'])",
  message: 'The message of a log entry is a literal; what varies goes into fields (src/runtime/log.ts).',
};

const syntax = [
  { files: ['src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', zodByName, constantMessage] } },
  { files: ['test/**/*.ts'], rules: { 'no-restricted-syntax': ['error', constantMessage] } },
  {
    files: timeAndChance.files, ignores: timeAndChance.ignores,
    rules: { 'no-restricted-syntax': ['error', zodByName, presentDate, constantMessage] },
  },
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'build', 'coverage'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'deploy/helm/rtvm/files/leads.mjs'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 450],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
  // Absent is null in explored states, which are written as text, and undefined where an index is out of range.
  { files: ['test/exploration/**/*.ts'], rules: { eqeqeq: ['error', 'always', { null: 'ignore' }] } },
  { files: ['eslint.config.js', 'deploy/**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  ...roomRules,
  pureCore,
  timeAndChance,
  ...syntax,
);
