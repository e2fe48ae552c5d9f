import { readFileSync } from 'node:fs'
import { BASE } from '../support/helm.ts'

const REGISTRY_K8S_IO = readFileSync(new URL('../../examples/registry.k8s.io.yaml', import.meta.url), 'utf8')
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

/** Values that the chart takes, each by what it is for, and further words for helm. */
export const VALUE_SETS: readonly (readonly [name: string, values: object, words?: readonly string[]])[] = [
  ['an image and the smallest config', BASE],
  ['the config of registry.k8s.io as text', { ...BASE, config: `${REGISTRY_K8S_IO}\nadmin: ":9090"\n` }],
  [
    'a config as text, and a check before an upgrade',
    {
      ...BASE,
      config:
        'version: 1\nlisten: "[::]:8080"\nadmin: 0.0.0.0:9090\nupstreams: [{ id: a, url: "https://a.example", at: anycast }]\n',
      configCheck: { hook: true },
    },
  ],
  [
    'a config that a secret holds',
    { image: BASE.image, existingConfig: { secret: 'door-config', key: 'door.yaml' } },
  ],
  [
    'a config that a ConfigMap holds, and a check before an upgrade',
    { image: BASE.image, existingConfig: { configMap: 'door-config' }, configCheck: { hook: true } },
  ],
  ['a check before an upgrade', { ...BASE, configCheck: { hook: true, initContainer: false } }],
  ['configs that doors reload themselves', { ...BASE, configReload: 'live' }],
  [
    'an image by its digest',
    { ...BASE, image: { ...BASE.image, tag: 'v1', digest: DIGEST }, imagePullSecrets: [{ name: 'login' }] },
  ],
  [
    'every kind of monitoring',
    {
      ...BASE,
      serviceMonitor: {
        enabled: true,
        labels: { release: 'prometheus' },
        metricRelabelings: [{ action: 'drop', regex: 'nodejs_.*', sourceLabels: ['__name__'] }],
      },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      dashboard: { enabled: true, annotations: { 'grafana/folder': 'Registries' } },
    },
  ],
  [
    'a load balancer',
    {
      ...BASE,
      service: {
        type: 'LoadBalancer',
        port: 8443,
        nodePort: 30443,
        loadBalancerClass: 'example.com/nlb',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
        annotations: { 'example.com/lb': 'yes' },
      },
    },
  ],
  [
    'a port of the nodes',
    { ...BASE, service: { type: 'NodePort', nodePort: 30080, externalTrafficPolicy: 'Cluster' } },
  ],
  ['IPv6 alone', { ...BASE, service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] } }],
  [
    'both families',
    { ...BASE, service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] } },
  ],
  [
    'an ingress',
    {
      ...BASE,
      ingress: {
        enabled: true,
        className: 'nginx',
        hosts: ['registry.example.com', '*.example.org'],
        tls: [{ hosts: ['registry.example.com'], secretName: 'registry-tls' }],
        annotations: { 'example.com/a': 'b' },
      },
    },
  ],
  ['an ingress for every host', { ...BASE, ingress: { enabled: true } }],
  [
    'a route of a gateway',
    {
      ...BASE,
      httpRoute: {
        enabled: true,
        parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
        hostnames: ['registry.example.com'],
        annotations: { a: 'b' },
      },
    },
  ],
  [
    'autoscaling',
    {
      ...BASE,
      autoscaling: {
        enabled: true,
        minReplicas: 3,
        maxReplicas: 30,
        behavior: { scaleDown: { stabilizationWindowSeconds: 600 } },
      },
      podDisruptionBudget: { maxUnavailable: '25%' },
    },
  ],
  [
    'no budget, no policy and one replica',
    { ...BASE, replicas: 1, podDisruptionBudget: { enabled: false }, networkPolicy: { enabled: false } },
  ],
  [
    'a network policy of both directions',
    {
      ...BASE,
      networkPolicy: {
        door: [{ ipBlock: { cidr: '192.0.2.0/24' } }, { podSelector: {} }],
        admin: [],
        egress: {
          enabled: true,
          rules: [
            {
              ports: [{ port: 443, protocol: 'TCP' }],
              to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }],
            },
          ],
        },
      },
    },
  ],
  [
    'variables, volumes and words',
    {
      ...BASE,
      config: { ...BASE.config, debug: `\${DEBUG:-false}`, ca: '/etc/ca/ca.crt' },
      env: [
        { name: 'DEBUG', value: 'true' },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'login', key: 'token' } } },
      ],
      envFrom: [{ secretRef: { name: 'cloud' } }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'company-ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
      extraArgs: ['--quiet'],
      command: ['/usr/local/bin/portolan'],
    },
  ],
  [
    'ranges that each pod fetches',
    {
      ...BASE,
      config: { ...BASE.config, clouds: { snapshot: '/var/lib/portolan/ranges.bin', refresh: '12h' } },
      ranges: { sizeLimit: '1Gi' },
    },
  ],
  [
    'ranges in a ConfigMap',
    {
      ...BASE,
      config: { ...BASE.config, clouds: { snapshot: '/var/lib/portolan/ranges.bin' } },
      ranges: { existingConfigMap: 'ranges' },
    },
  ],
  [
    'ranges on a volume',
    {
      ...BASE,
      config: { ...BASE.config, clouds: { snapshot: '/var/lib/portolan/ranges.bin', refresh: '12h' } },
      ranges: { existingClaim: 'ranges' },
    },
  ],
  [
    'all that says where pods run, and as whom',
    {
      ...BASE,
      serviceAccount: { create: false, name: 'registry' },
      podAnnotations: { 'example.com/a': 'b' },
      podLabels: { team: 'registry', 'app.kubernetes.io/name': 'stranger' },
      commonLabels: { owner: 'registry', 'app.kubernetes.io/instance': 'stranger' },
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'edge', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
          ],
        },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 2,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { a: 'b' } },
        },
      ],
      configCheck: { hook: true },
    },
  ],
  [
    'an account with a role of a cloud, other probes and resources',
    {
      ...BASE,
      serviceAccount: {
        name: 'registry',
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/registry' },
      },
      probes: { liveness: { periodSeconds: 30 }, startup: { initialDelaySeconds: 1 } },
      resources: { requests: { cpu: '2' }, limits: { cpu: '2' } },
      terminationGracePeriodSeconds: 30,
      shutdownDelay: '8s',
      topologySpreadConstraints: [],
      strategy: { type: 'Recreate', rollingUpdate: null },
    },
  ],
  ['another name', { ...BASE, nameOverride: 'front-door' }],
  [
    'a name as long as it may be',
    { ...BASE, fullnameOverride: 'a'.repeat(50), dashboard: { enabled: true }, configCheck: { hook: true } },
  ],
  ['other ports', { ...BASE, ports: { door: 5000, admin: 5001 }, service: { port: 5000 } }],
]

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
