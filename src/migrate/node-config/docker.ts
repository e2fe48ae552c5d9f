import { movesOf, type NodeConfig, type NodeConfigRequest, nothingToSet, splitHost } from './node-config.ts'

const FILE = '/etc/docker/daemon.json'

/** Docker's `registry-mirrors` are for Docker Hub alone, and their URLs may have no path. */
export function dockerConfig(request: NodeConfigRequest): NodeConfig {
  const { moves } = movesOf(request)
  const mirrors = moves.filter(({ from, to }) => from === 'docker.io' && splitHost(to)[1] === '')
  const others = moves.filter((move) => !mirrors.includes(move)).map(({ from, to }) => `${from} to ${to}`)
  const notes =
    others.length === 0
      ? []
      : [
          `Docker knows mirrors of docker.io alone, at hosts without a path, so that nothing is set for ${others.join(', ')}: ` +
            '"portolan rewrite" changes references',
        ]
  if (mirrors.length === 0) return nothingToSet(notes)
  if (request.noFallback) {
    return nothingToSet([
      'Docker always asks Docker Hub too, so that nothing is set with --no-fallback',
      ...notes,
    ])
  }
  const content = { 'registry-mirrors': mirrors.map(({ to }) => `https://${to}`) }
  return {
    settings: [{ file: FILE, whole: false, content: `${JSON.stringify(content, null, 2)}\n` }],
    apply: ['systemctl reload docker'],
    check: ['docker info --format "{{.RegistryConfig.Mirrors}}"'],
    undo: [`# take registry-mirrors out of ${FILE} again`, 'systemctl reload docker'],
    notes: [
      'Docker Hub is asked when the mirror does not answer',
      'the flag --registry-mirror must not stand in the unit beside it: dockerd would not start',
      ...notes,
    ],
  }
}
