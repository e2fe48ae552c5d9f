import { type NodeConfig, nothingToSet } from '../node-config/node-config.ts'
import { clientNotes, dockerTrust } from './crio.ts'
import { authorityUnder, cannotAuthenticate, type MirrorRequest, mirrorNotes } from './node-mirror.ts'

const FILE = '/etc/docker/daemon.json'

/**
 * dockerd's `registry-mirrors` are for Docker Hub alone, and say nothing of it: no path, no `ns`. So the mirror must
 * have a host name that stands for docker.io, or be of docker.io alone.
 */
export function dockerMirror(request: MirrorRequest): NodeConfig {
  const { mirror, noFallback = false } = request
  const hub = mirror.registries.find(({ host }) => host === 'docker.io')
  const others = mirror.registries.filter((registry) => registry !== hub).map(({ host }) => host)
  const notes =
    others.length === 0
      ? []
      : [
          `dockerd knows mirrors of docker.io alone: images of ${others.join(', ')} are pulled by the mirror's own name, such as ${mirror.authority}/${others[0]}/NAME:TAG`,
        ]
  if (hub === undefined) return nothingToSet(['the mirror has no registry docker.io', ...notes])
  const name = hub.names[0] ?? (mirror.registries.length === 1 ? undefined : null)
  if (name === null) {
    const how = 'registries[].names in its config gives it one, such as docker.mirror.example'
    return nothingToSet([
      `dockerd needs a host name of the mirror that stands for docker.io: ${how}`,
      ...notes,
    ])
  }
  if (mirror.asksForPassword) return nothingToSet([...cannotAuthenticate(mirror, 'dockerd'), ...notes])
  if (noFallback) {
    const always = 'dockerd always asks Docker Hub too, so that nothing is set with --no-fallback'
    return nothingToSet([always, ...notes])
  }
  const authority = name === undefined ? mirror.authority : authorityUnder(mirror, name)
  const content = { 'registry-mirrors': [`${mirror.scheme}://${authority}`] }
  return {
    settings: [
      { file: FILE, whole: false, content: `${JSON.stringify(content, null, 2)}\n` },
      ...dockerTrust('/etc/docker/certs.d', authority, mirror),
    ],
    apply: ['systemctl reload docker'],
    check: ['docker info --format "{{.RegistryConfig.Mirrors}}"', 'docker pull busybox'],
    undo: [`# take registry-mirrors out of ${FILE} again`, 'systemctl reload docker'],
    notes: [
      'the flag --registry-mirror must not stand in the unit beside it: dockerd would not start',
      ...(name === undefined
        ? []
        : [`${name} has to lead to the mirror, and to be a name in its certificate`]),
      ...mirrorNotes(request),
      ...clientNotes('/etc/docker/certs.d', authority, mirror),
      ...notes,
    ],
  }
}
