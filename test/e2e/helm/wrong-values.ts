import { BASE } from '../../support/helm.ts'

const withConfig = (more: object) => ({ ...BASE, config: { ...BASE.config, ...more } })

/** Values that the chart refuses, and what helm says of them. */
export const WRONG_VALUES: readonly (readonly [name: string, values: object, message: string])[] = [
  ['no image', { config: BASE.config }, 'image.repository: say where your image is'],
  [
    'an image with a tag in its name',
    { ...BASE, image: { repository: 'a.example/b:1' } },
    'image.repository: "a.example/b:1": must have neither tag nor digest',
  ],
  ['a digest that is none', { ...BASE, image: { ...BASE.image, digest: 'sha256:1' } }, "at '/image/digest'"],
  ['no config', { image: BASE.image }, 'config: give exactly one of'],
  ['two configs', { ...BASE, existingConfig: { secret: 'a' } }, 'config: give exactly one of'],
  [
    'a key that there is not',
    { ...BASE, replicaCount: 3 },
    "additional properties 'replicaCount' not allowed",
  ],
  [
    'a key deep within that there is not',
    { ...BASE, service: { prot: 80 } },
    "at '/service': additional properties 'prot' not allowed",
  ],
  [
    'a word that is not one of a few',
    { ...BASE, service: { type: 'ExternalName' } },
    "at '/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'",
  ],
  ['a text for a number', { ...BASE, replicas: '3' }, "at '/replicas': got string, want integer"],
  [
    'a number for a label',
    { ...BASE, podLabels: { team: 7 } },
    "at '/podLabels/team': got number, want string",
  ],
  [
    'a port below 1024, which user 65532 cannot have',
    { ...BASE, ports: { door: 80 } },
    "at '/ports/door': minimum: got 80, want 1,024",
  ],
  [
    'one port for both',
    { ...BASE, ports: { door: 9090 } },
    'ports.admin: 9090: must not be the port of the door',
  ],
  ['a delay beyond the program', { ...BASE, shutdownDelay: '9s' }, "at '/shutdownDelay'"],
  [
    'less time than the door takes to end',
    { ...BASE, terminationGracePeriodSeconds: 5 },
    "at '/terminationGracePeriodSeconds': minimum: got 5, want 10",
  ],
  ['no workers', { ...BASE, workers: 0 }, "at '/workers'"],
  [
    'more workers than the program starts',
    { ...BASE, workers: 65 },
    "at '/workers': maximum: got 65, want 64",
  ],
  [
    'fewer replicas at most than at least',
    { ...BASE, autoscaling: { enabled: true, maxReplicas: 1 } },
    'autoscaling.minReplicas: 2: must not be more than autoscaling.maxReplicas, 1',
  ],
  [
    'a route without a gateway',
    { ...BASE, httpRoute: { enabled: true } },
    'httpRoute.parentRefs: name the Gateway',
  ],
  [
    'a key of the config that there is not',
    withConfig({ lisen: ':8080' }),
    "at '/config': additional properties 'lisen' not allowed",
  ],
  [
    'a config without an upstream',
    { ...BASE, config: { version: 1 } },
    "at '/config': missing property 'upstreams'",
  ],
  [
    'off as YAML 1.1 reads it',
    withConfig({ clouds: { refresh: false } }),
    "at '/config/clouds/refresh': got boolean, want string",
  ],
  [
    'a config that listens elsewhere',
    withConfig({ listen: ':80' }),
    'config.listen: ":80": must be ":8080", as ports.door says',
  ],
  [
    'an admin service where no probe comes',
    withConfig({ admin: '127.0.0.1:9090' }),
    'config.admin: "127.0.0.1:9090": must be ":9090"',
  ],
  [
    'text without an admin service',
    { ...BASE, config: 'version: 1\nlisten: ":8080"\n' },
    'config.admin: missing: must be ":9090"',
  ],
  [
    'text with the admin service off',
    { ...BASE, config: 'listen: ":8080"\nadmin: off\n' },
    'config.admin: false: must be ":9090"',
  ],
  ['text that is no YAML', { ...BASE, config: 'version: [1\n' }, 'config: is not YAML'],
  [
    'a snapshot beside the config',
    withConfig({ clouds: { snapshot: 'ranges.bin' } }),
    'config.clouds.snapshot: "ranges.bin": would lie in the folder of the config, which is read-only: write /var/lib/portolan/ranges.bin',
  ],
  [
    'fresh ranges in a ConfigMap',
    {
      ...withConfig({ clouds: { snapshot: '/var/lib/portolan/r.bin', refresh: '1h' } }),
      ranges: { existingConfigMap: 'a' },
    },
    'config.clouds.refresh: "1h": the snapshot of ranges.existingConfigMap cannot be written',
  ],
  [
    'text that leaves out the certificate',
    { ...BASE, config: 'listen: ":8080"\nadmin: ":9090"\n', tls: { secretName: 'a' } },
    'config.tls: missing, though tls.secretName is given',
  ],
  [
    'more than a ConfigMap holds',
    { ...BASE, config: `listen: ":8080"\nadmin: ":9090"\n#${'x'.repeat(1_000_000)}\n` },
    'config: has 1000033 bytes',
  ],
]
