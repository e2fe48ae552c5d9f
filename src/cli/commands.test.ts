import { expect, it } from 'vitest'
import { COMMANDS } from './commands.ts'
import { createProgram } from './program.ts'
import { flagOf, variableOf } from './spec/command-spec.ts'

it('every option has a variable of its command, but for those that delete or overwrite', () => {
  const twins = COMMANDS.flatMap((command) =>
    Object.entries(command.options).map(([key, option]) =>
      [command.name, flagOf(key, option), variableOf(command, key, option) ?? '(none)'].join(' '),
    ),
  )
  expect(twins).toMatchInlineSnapshot(`
    [
      "serve --config PORTOLAN_SERVE_CONFIG",
      "serve --shutdown-delay PORTOLAN_SERVE_SHUTDOWN_DELAY",
      "serve --workers PORTOLAN_SERVE_WORKERS",
      "serve --ca PORTOLAN_SERVE_CA",
      "serve --quiet PORTOLAN_SERVE_QUIET",
      "demo --mirror PORTOLAN_DEMO_MIRROR",
      "demo --port PORTOLAN_DEMO_PORT",
      "demo --admin-port PORTOLAN_DEMO_ADMIN_PORT",
      "demo --folder PORTOLAN_DEMO_FOLDER",
      "demo --ca PORTOLAN_DEMO_CA",
      "demo --quiet PORTOLAN_DEMO_QUIET",
      "explain --from PORTOLAN_EXPLAIN_FROM",
      "explain --down PORTOLAN_EXPLAIN_DOWN",
      "explain --offline PORTOLAN_EXPLAIN_OFFLINE",
      "explain --config PORTOLAN_EXPLAIN_CONFIG",
      "explain --admin PORTOLAN_EXPLAIN_ADMIN",
      "explain --platform PORTOLAN_EXPLAIN_PLATFORM",
      "explain --json PORTOLAN_EXPLAIN_JSON",
      "explain --ca PORTOLAN_EXPLAIN_CA",
      "explain --quiet PORTOLAN_EXPLAIN_QUIET",
      "hosts --config PORTOLAN_HOSTS_CONFIG",
      "hosts --image PORTOLAN_HOSTS_IMAGE",
      "hosts --offline PORTOLAN_HOSTS_OFFLINE",
      "hosts --json PORTOLAN_HOSTS_JSON",
      "hosts --ca PORTOLAN_HOSTS_CA",
      "hosts --quiet PORTOLAN_HOSTS_QUIET",
      "healthcheck --config PORTOLAN_HEALTHCHECK_CONFIG",
      "healthcheck --ready PORTOLAN_HEALTHCHECK_READY",
      "healthcheck --json PORTOLAN_HEALTHCHECK_JSON",
      "healthcheck --ca PORTOLAN_HEALTHCHECK_CA",
      "healthcheck --quiet PORTOLAN_HEALTHCHECK_QUIET",
      "sync --config PORTOLAN_SYNC_CONFIG",
      "sync --dry-run PORTOLAN_SYNC_DRY_RUN",
      "sync --store PORTOLAN_SYNC_STORE",
      "sync --repository PORTOLAN_SYNC_REPOSITORY",
      "sync --tag PORTOLAN_SYNC_TAG",
      "sync --platform PORTOLAN_SYNC_PLATFORM",
      "sync --concurrency PORTOLAN_SYNC_CONCURRENCY",
      "sync --verify PORTOLAN_SYNC_VERIFY",
      "sync --trust-existing PORTOLAN_SYNC_TRUST_EXISTING",
      "sync --recheck (none)",
      "sync --take-lease (none)",
      "sync --lease PORTOLAN_SYNC_LEASE",
      "sync --json PORTOLAN_SYNC_JSON",
      "sync --ca PORTOLAN_SYNC_CA",
      "sync --quiet PORTOLAN_SYNC_QUIET",
      "audit --config PORTOLAN_AUDIT_CONFIG",
      "audit --store PORTOLAN_AUDIT_STORE",
      "audit --full PORTOLAN_AUDIT_FULL",
      "audit --sample PORTOLAN_AUDIT_SAMPLE",
      "audit --confidence PORTOLAN_AUDIT_CONFIDENCE",
      "audit --below PORTOLAN_AUDIT_BELOW",
      "audit --delete-orphans (none)",
      "audit --older-than PORTOLAN_AUDIT_OLDER_THAN",
      "audit --yes (none)",
      "audit --lease PORTOLAN_AUDIT_LEASE",
      "audit --json PORTOLAN_AUDIT_JSON",
      "audit --ca PORTOLAN_AUDIT_CA",
      "audit --quiet PORTOLAN_AUDIT_QUIET",
      "images --kubernetes PORTOLAN_IMAGES_KUBERNETES",
      "images --upgrade PORTOLAN_IMAGES_UPGRADE",
      "images --custom-repository PORTOLAN_IMAGES_CUSTOM_REPOSITORY",
      "images --from-cluster PORTOLAN_IMAGES_FROM_CLUSTER",
      "images --context PORTOLAN_IMAGES_CONTEXT",
      "images --kubeconfig PORTOLAN_IMAGES_KUBECONFIG",
      "images --namespace PORTOLAN_IMAGES_NAMESPACE",
      "images --from-files PORTOLAN_IMAGES_FROM_FILES",
      "images --exclude PORTOLAN_IMAGES_EXCLUDE",
      "images --digests PORTOLAN_IMAGES_DIGESTS",
      "images --platform PORTOLAN_IMAGES_PLATFORM",
      "images --referrers PORTOLAN_IMAGES_REFERRERS",
      "images --plain-http PORTOLAN_IMAGES_PLAIN_HTTP",
      "images --yaml PORTOLAN_IMAGES_YAML",
      "images --json PORTOLAN_IMAGES_JSON",
      "images --ca PORTOLAN_IMAGES_CA",
      "images --quiet PORTOLAN_IMAGES_QUIET",
      "copy --images PORTOLAN_COPY_IMAGES",
      "copy --map PORTOLAN_COPY_MAP",
      "copy --platform PORTOLAN_COPY_PLATFORM",
      "copy --no-referrers PORTOLAN_COPY_NO_REFERRERS",
      "copy --plain-http PORTOLAN_COPY_PLAIN_HTTP",
      "copy --dry-run PORTOLAN_COPY_DRY_RUN",
      "copy --verify PORTOLAN_COPY_VERIFY",
      "copy --json PORTOLAN_COPY_JSON",
      "copy --ca PORTOLAN_COPY_CA",
      "copy --quiet PORTOLAN_COPY_QUIET",
      "scan --map PORTOLAN_SCAN_MAP",
      "scan --revert PORTOLAN_SCAN_REVERT",
      "scan --node PORTOLAN_SCAN_NODE",
      "scan --root PORTOLAN_SCAN_ROOT",
      "scan --cluster PORTOLAN_SCAN_CLUSTER",
      "scan --context PORTOLAN_SCAN_CONTEXT",
      "scan --kubeconfig PORTOLAN_SCAN_KUBECONFIG",
      "scan --namespace PORTOLAN_SCAN_NAMESPACE",
      "scan --baseline PORTOLAN_SCAN_BASELINE",
      "scan --write-baseline (none)",
      "scan --related PORTOLAN_SCAN_RELATED",
      "scan --include-text PORTOLAN_SCAN_INCLUDE_TEXT",
      "scan --exclude PORTOLAN_SCAN_EXCLUDE",
      "scan --no-ignore PORTOLAN_SCAN_NO_IGNORE",
      "scan --stdin-name PORTOLAN_SCAN_STDIN_NAME",
      "scan --json PORTOLAN_SCAN_JSON",
      "scan --sarif PORTOLAN_SCAN_SARIF",
      "scan --ca PORTOLAN_SCAN_CA",
      "scan --quiet PORTOLAN_SCAN_QUIET",
      "rewrite --map PORTOLAN_REWRITE_MAP",
      "rewrite --revert PORTOLAN_REWRITE_REVERT",
      "rewrite --write (none)",
      "rewrite --in-place-backup PORTOLAN_REWRITE_IN_PLACE_BACKUP",
      "rewrite --verify PORTOLAN_REWRITE_VERIFY",
      "rewrite --pin PORTOLAN_REWRITE_PIN",
      "rewrite --helm-override (none)",
      "rewrite --include-code PORTOLAN_REWRITE_INCLUDE_CODE",
      "rewrite --include-text PORTOLAN_REWRITE_INCLUDE_TEXT",
      "rewrite --exclude PORTOLAN_REWRITE_EXCLUDE",
      "rewrite --no-ignore PORTOLAN_REWRITE_NO_IGNORE",
      "rewrite --json PORTOLAN_REWRITE_JSON",
      "rewrite --ca PORTOLAN_REWRITE_CA",
      "rewrite --quiet PORTOLAN_REWRITE_QUIET",
      "node-config --for PORTOLAN_NODE_CONFIG_FOR",
      "node-config --map PORTOLAN_NODE_CONFIG_MAP",
      "node-config --revert PORTOLAN_NODE_CONFIG_REVERT",
      "node-config --config PORTOLAN_NODE_CONFIG_CONFIG",
      "node-config --mirror PORTOLAN_NODE_CONFIG_MIRROR",
      "node-config --mirror-ca PORTOLAN_NODE_CONFIG_MIRROR_CA",
      "node-config --tool-version PORTOLAN_NODE_CONFIG_TOOL_VERSION",
      "node-config --kubernetes-version PORTOLAN_NODE_CONFIG_KUBERNETES_VERSION",
      "node-config --no-fallback PORTOLAN_NODE_CONFIG_NO_FALLBACK",
      "node-config --check PORTOLAN_NODE_CONFIG_CHECK",
      "node-config --root PORTOLAN_NODE_CONFIG_ROOT",
      "node-config --json PORTOLAN_NODE_CONFIG_JSON",
      "node-config --ca PORTOLAN_NODE_CONFIG_CA",
      "node-config --quiet PORTOLAN_NODE_CONFIG_QUIET",
      "mirror status --config PORTOLAN_MIRROR_STATUS_CONFIG",
      "mirror status --json PORTOLAN_MIRROR_STATUS_JSON",
      "mirror status --ca PORTOLAN_MIRROR_STATUS_CA",
      "mirror status --quiet PORTOLAN_MIRROR_STATUS_QUIET",
      "mirror verify --config PORTOLAN_MIRROR_VERIFY_CONFIG",
      "mirror verify --json PORTOLAN_MIRROR_VERIFY_JSON",
      "mirror verify --ca PORTOLAN_MIRROR_VERIFY_CA",
      "mirror verify --quiet PORTOLAN_MIRROR_VERIFY_QUIET",
      "mirror evict --config PORTOLAN_MIRROR_EVICT_CONFIG",
      "mirror evict --unused-for (none)",
      "mirror evict --bytes (none)",
      "mirror evict --all (none)",
      "mirror evict --json PORTOLAN_MIRROR_EVICT_JSON",
      "mirror evict --ca PORTOLAN_MIRROR_EVICT_CA",
      "mirror evict --quiet PORTOLAN_MIRROR_EVICT_QUIET",
      "mirror warm --config PORTOLAN_MIRROR_WARM_CONFIG",
      "mirror warm --list PORTOLAN_MIRROR_WARM_LIST",
      "mirror warm --mirror PORTOLAN_MIRROR_WARM_MIRROR",
      "mirror warm --json PORTOLAN_MIRROR_WARM_JSON",
      "mirror warm --ca PORTOLAN_MIRROR_WARM_CA",
      "mirror warm --quiet PORTOLAN_MIRROR_WARM_QUIET",
      "config check --json PORTOLAN_CONFIG_CHECK_JSON",
      "config check --ca PORTOLAN_CONFIG_CHECK_CA",
      "config check --quiet PORTOLAN_CONFIG_CHECK_QUIET",
      "config show --json PORTOLAN_CONFIG_SHOW_JSON",
      "config show --ca PORTOLAN_CONFIG_SHOW_CA",
      "config show --quiet PORTOLAN_CONFIG_SHOW_QUIET",
      "config schema --ca PORTOLAN_CONFIG_SCHEMA_CA",
      "config schema --quiet PORTOLAN_CONFIG_SCHEMA_QUIET",
      "ranges update --from PORTOLAN_RANGES_UPDATE_FROM",
      "ranges update --out PORTOLAN_RANGES_UPDATE_OUT",
      "ranges update --source PORTOLAN_RANGES_UPDATE_SOURCE",
      "ranges update --no-geo PORTOLAN_RANGES_UPDATE_NO_GEO",
      "ranges update --allow-missing PORTOLAN_RANGES_UPDATE_ALLOW_MISSING",
      "ranges update --force (none)",
      "ranges update --json PORTOLAN_RANGES_UPDATE_JSON",
      "ranges update --ca PORTOLAN_RANGES_UPDATE_CA",
      "ranges update --quiet PORTOLAN_RANGES_UPDATE_QUIET",
      "ranges lookup --file PORTOLAN_RANGES_LOOKUP_FILE",
      "ranges lookup --json PORTOLAN_RANGES_LOOKUP_JSON",
      "ranges lookup --ca PORTOLAN_RANGES_LOOKUP_CA",
      "ranges lookup --quiet PORTOLAN_RANGES_LOOKUP_QUIET",
      "ranges about --file PORTOLAN_RANGES_ABOUT_FILE",
      "ranges about --json PORTOLAN_RANGES_ABOUT_JSON",
      "ranges about --ca PORTOLAN_RANGES_ABOUT_CA",
      "ranges about --quiet PORTOLAN_RANGES_ABOUT_QUIET",
    ]
  `)
})

it('no two options share a variable', () => {
  const variables = COMMANDS.flatMap((command) =>
    Object.entries(command.options).flatMap(([key, option]) => variableOf(command, key, option) ?? []),
  )
  expect(new Set(variables).size).toBe(variables.length)
})

const EXAMPLES = COMMANDS.flatMap(({ name, examples }) =>
  examples.map((example) => [name, example.replace(/^.*\| | [<>] .*$/g, '')] as const),
)

it.each(EXAMPLES)('an example of %s names options that there are: %s', async (name, example) => {
  const ran: string[] = []
  const program = createProgram(async (command) => {
    ran.push(command.name)
  })
  await program.parseAsync(example.replaceAll("'", '').split(' ').slice(1), { from: 'user' })
  expect(ran).toEqual([name])
})

it.each(COMMANDS.map((command) => [command.name, command] as const))(
  'the help of %s says all of it',
  (name, command) => {
    const help = name
      .split(' ')
      .reduce(
        (found, word) => found.commands.find((one) => one.name() === word)!,
        createProgram(async () => {}),
      )
      .helpInformation()
      .replace(/\s+/g, ' ')
    for (const [key, option] of Object.entries(command.options)) {
      const variable = variableOf(command, key, option)
      expect(help).toContain(flagOf(key, option))
      if (variable !== undefined) expect(help).toContain(`env: ${variable})`)
    }
    expect(command.examples.length).toBeGreaterThan(0)
  },
)
