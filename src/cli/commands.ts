import { AUDIT } from './commands/audit-spec.ts'
import { BUNDLE_EXPORT } from './commands/bundle-export-spec.ts'
import { BUNDLE_IMPORT } from './commands/bundle-import-spec.ts'
import { BUNDLE_SERVE } from './commands/bundle-serve-spec.ts'
import { BUNDLE_VERIFY } from './commands/bundle-verify-spec.ts'
import { CONFIG_CHECK, CONFIG_SCHEMA, CONFIG_SHOW } from './commands/config-spec.ts'
import { COPY } from './commands/copy-spec.ts'
import { DEMO } from './commands/demo-spec.ts'
import { DOCTOR } from './commands/doctor-spec.ts'
import { ENDPOINTS_DRAFT, ENDPOINTS_SIGN, ENDPOINTS_VERIFY } from './commands/endpoints-spec.ts'
import { EXPLAIN } from './commands/explain-spec.ts'
import { HEALTHCHECK } from './commands/healthcheck-spec.ts'
import { HOSTS } from './commands/hosts-spec.ts'
import { IMAGES } from './commands/images-spec.ts'
import { LEGACY_CHECK } from './commands/legacy-check-spec.ts'
import { MIRROR_EVICT, MIRROR_STATUS, MIRROR_VERIFY, MIRROR_WARM } from './commands/mirror-spec.ts'
import { NODE_CONFIG } from './commands/node-config-spec.ts'
import { RANGES_ABOUT, RANGES_LOOKUP, RANGES_UPDATE } from './commands/ranges-spec.ts'
import { REWRITE } from './commands/rewrite-spec.ts'
import { SCAN } from './commands/scan-spec.ts'
import { SERVE } from './commands/serve-spec.ts'
import { SIMULATE } from './commands/simulate-spec.ts'
import { SYNC } from './commands/sync-spec.ts'
import { type BoundCommand, bind, type CommandGroup } from './spec/bound-command.ts'

/** Every command in the order of the help, each with what it does, which is loaded when it runs. */
export const COMMANDS: readonly BoundCommand[] = [
  bind(SERVE, async (options) => (await import('./commands/serve.ts')).runServe(options)),
  bind(DEMO, async (options) => (await import('./commands/demo.ts')).runDemo(options)),
  bind(EXPLAIN, async (options, image) => (await import('./commands/explain.ts')).runExplain(image, options)),
  bind(HOSTS, async (options) => (await import('./commands/hosts.ts')).runHosts(options)),
  bind(DOCTOR, async (options, image) => (await import('./commands/doctor.ts')).runDoctor(image, options)),
  bind(SIMULATE, async (options, logs) =>
    (await import('./commands/simulate.ts')).runSimulate(logs, options),
  ),
  bind(ENDPOINTS_DRAFT, async (options) =>
    (await import('./commands/endpoints.ts')).runEndpointsDraft(options),
  ),
  bind(ENDPOINTS_SIGN, async (options, file) =>
    (await import('./commands/endpoints.ts')).runEndpointsSign(file, options),
  ),
  bind(ENDPOINTS_VERIFY, async (options, location) =>
    (await import('./commands/endpoints.ts')).runEndpointsVerify(location, options),
  ),
  bind(LEGACY_CHECK, async (options) => (await import('./commands/legacy-check.ts')).runLegacyCheck(options)),
  bind(HEALTHCHECK, async (options) => (await import('./commands/healthcheck.ts')).runHealthcheck(options)),
  bind(SYNC, async (options) => (await import('./commands/sync.ts')).runSync(options)),
  bind(AUDIT, async (options) => (await import('./commands/audit.ts')).runAudit(options)),
  bind(IMAGES, async (options) => (await import('./commands/images.ts')).runImages(options)),
  bind(COPY, async (options, words) => (await import('./commands/copy.ts')).runCopy(words, options)),
  bind(BUNDLE_EXPORT, async (options, words) =>
    (await import('./commands/bundle-export.ts')).runBundleExport(words, options),
  ),
  bind(BUNDLE_VERIFY, async (options, folder) =>
    (await import('./commands/bundle-verify.ts')).runBundleVerify(folder, options),
  ),
  bind(BUNDLE_IMPORT, async (options, folder) =>
    (await import('./commands/bundle-import.ts')).runBundleImport(folder, options),
  ),
  bind(BUNDLE_SERVE, async (options, folder) =>
    (await import('./commands/bundle-serve.ts')).runBundleServe(folder, options),
  ),
  bind(SCAN, async (options, paths) => (await import('./commands/scan.ts')).runScan(paths, options)),
  bind(REWRITE, async (options, paths) => (await import('./commands/rewrite.ts')).runRewrite(paths, options)),
  bind(NODE_CONFIG, async (options, paths) =>
    (await import('./commands/node-config.ts')).runNodeConfig(paths, options),
  ),
  bind(MIRROR_STATUS, async (options) => (await import('./commands/mirror.ts')).runMirrorStatus(options)),
  bind(MIRROR_VERIFY, async (options) => (await import('./commands/mirror.ts')).runMirrorVerify(options)),
  bind(MIRROR_EVICT, async (options, digests) =>
    (await import('./commands/mirror.ts')).runMirrorEvict(digests, options),
  ),
  bind(MIRROR_WARM, async (options, images) =>
    (await import('./commands/mirror-warm.ts')).runMirrorWarm(images, options),
  ),
  bind(CONFIG_CHECK, async (options, files) =>
    (await import('./commands/config.ts')).runConfigCheck(files, options),
  ),
  bind(CONFIG_SHOW, async (options, file) =>
    (await import('./commands/config.ts')).runConfigShow(file, options),
  ),
  bind(CONFIG_SCHEMA, async () => (await import('./commands/config.ts')).runConfigSchema()),
  bind(RANGES_UPDATE, async (options) =>
    (await import('./commands/ranges-update.ts')).runRangesUpdate(options),
  ),
  bind(RANGES_LOOKUP, async (options, addresses) =>
    (await import('./commands/ranges-lookup.ts')).runRangesLookup(addresses, options),
  ),
  bind(RANGES_ABOUT, async (options) => (await import('./commands/ranges-about.ts')).runRangesAbout(options)),
]

/** What several commands have in common. */
export const GROUPS: readonly CommandGroup[] = [
  {
    name: 'bundle',
    description: 'carry images to where no network goes',
    examples: [
      'portolan bundle export --images images.txt --output /media/usb/bundle',
      'portolan bundle import /media/usb/bundle --to registry.example/k8s',
    ],
  },
  {
    name: 'endpoints',
    description: 'publish which hosts clients need, before they need them',
    examples: [
      'portolan endpoints draft door.yaml --registry registry.example --out endpoints.json',
      'portolan endpoints verify https://registry.example --key operator.pub.pem',
    ],
  },
  {
    name: 'legacy',
    description: 'end an old name of the registry without losing anybody',
    examples: ['portolan legacy check door.yaml --from https://old-backend.example/google-containers'],
  },
  {
    name: 'mirror',
    description: 'look after what a mirror keeps',
    examples: ['portolan mirror status portolan.yaml'],
  },
  {
    name: 'config',
    description: 'check, show and describe configs',
    examples: ['portolan config check portolan.yaml'],
  },
  {
    name: 'ranges',
    description: 'update the range snapshot, which tells where addresses are, and ask it',
    examples: ['portolan ranges update', 'portolan ranges lookup 35.180.1.1'],
    shortcut: { flag: '--about', command: 'about' },
  },
]
