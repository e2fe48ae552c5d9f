import type { Checkup } from './checkup.ts'
import { isRecord, isSettingsFault, readJson, type SettingsDocument, valueAt } from './settings-text.ts'

export const POLICY = '/etc/containers/policy.json'

/**
 * Looks at containers-policy.json(5): whether it lets the registries pass that are pulled from. It is asked for the
 * name that the user wrote, not for that of a mirror.
 */
export function checkPolicy(checkup: Checkup, registries: readonly string[], file = POLICY): void {
  const text = checkup.text(file)
  if (text === undefined) return
  const policy = readJson(text)
  if (isSettingsFault(policy)) {
    checkup.fault(
      { file, line: policy.line },
      {
        rule: 'policy-refused',
        effect: 'broken',
        problem: `is no JSON, so that nothing is pulled: ${policy.reason}`,
        fix: 'mend the line',
      },
    )
    return
  }
  const scopes = valueAt(policy.value, 'transports', 'docker')
  if (
    isRejected(valueAt(policy.value, 'default')) &&
    Object.keys(isRecord(scopes) ? scopes : {}).length === 0
  ) {
    report(checkup, file, policy, ['default'], 'every registry')
    return
  }
  for (const registry of registries.filter((name) => !name.startsWith('*'))) {
    const path = pathFor(policy, registry)
    const requirements = path.reduce<unknown>((at, key) => valueAt(at, key), policy.value)
    if (isRejected(requirements)) report(checkup, file, policy, path, registry)
  }
}

/** The scope that decides about a name: the longest one, then subdomains, all of the transport, and the default. */
function pathFor({ value }: SettingsDocument, name: string): string[] {
  const scopes = valueAt(value, 'transports', 'docker')
  if (!isRecord(scopes)) return ['default']
  const [host = '', ...rest] = name.split('/')
  const prefixes = rest.map((_, index) => [host, ...rest.slice(0, rest.length - index)].join('/'))
  const labels = host.split('.')
  const wild = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
  const scope = [...prefixes, host, ...wild, ''].find((one) => Object.hasOwn(scopes, one))
  return scope === undefined ? ['default'] : ['transports', 'docker', scope]
}

function isRejected(requirements: unknown): boolean {
  return Array.isArray(requirements) && requirements.some((one) => valueAt(one, 'type') === 'reject')
}

function report(
  checkup: Checkup,
  file: string,
  policy: SettingsDocument,
  path: readonly string[],
  registry: string,
): void {
  checkup.fault(
    { file, line: policy.line(path) },
    {
      rule: 'policy-rejects',
      effect: 'broken',
      problem: `pulls of ${registry} are rejected, those through a mirror too: the policy is asked for the name in the reference`,
      fix: `give ${registry === 'every registry' ? 'HOST' : registry} a scope of its own under transports.docker`,
    },
  )
}
