import { readFileSync } from 'node:fs'
import { BASE } from '../../support/helm.ts'

const REGISTRY_K8S_IO = readFileSync(
  new URL('../../../examples/registry.k8s.io.yaml', import.meta.url),
  'utf8',
)
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

/** Values that the chart takes, each by what it is for. */
export const VALUE_SETS: readonly (readonly [name: string, values: object])[] = [
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
            {
              weight: 1,
              podAffinityTerm: {
                topologyKey: 'kubernetes.io/hostname',
                labelSelector: { matchLabels: { team: 'registry' } },
              },
            },
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
      strategy: { type: 'Recreate' },
    },
  ],
  ['TLS of the door', { ...BASE, tls: { secretName: 'door-tls' }, service: { type: 'LoadBalancer' } }],
  [
    'TLS of both, and certificates of clients',
    {
      ...BASE,
      tls: { secretName: 'door-tls', clientCA: true },
      adminTls: { secretName: 'admin-tls' },
      serviceMonitor: { enabled: true },
      httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] },
      configCheck: { hook: true },
    },
  ],
  [
    'TLS by files of its own',
    {
      ...BASE,
      config: {
        ...BASE.config,
        tls: { certificate: '/etc/certificates/door.pem', key: '/etc/certificates/door.key' },
        adminTls: { certificate: '/etc/certificates/admin.pem', key: '/etc/certificates/admin.key' },
      },
      extraVolumes: [{ name: 'certificates', csi: { driver: 'csi.example.com', readOnly: true } }],
      extraVolumeMounts: [{ name: 'certificates', mountPath: '/etc/certificates', readOnly: true }],
      serviceMonitor: { enabled: true, tlsConfig: { insecureSkipVerify: true } },
    },
  ],
  [
    'TLS in a config as text',
    {
      ...BASE,
      config: `version: 1
listen: ":8080"
admin: ":9090"
tls: { certificate: /etc/portolan/tls/tls.crt, key: /etc/portolan/tls/tls.key }
upstreams: [{ id: a, url: "https://a.example", at: anycast }]
`,
      tls: { secretName: 'door-tls' },
    },
  ],
  ['workers', { ...BASE, workers: 4 }],
  ['a worker for each core', { ...BASE, workers: 'auto' }],
  ['another name', { ...BASE, nameOverride: 'front-door' }],
  [
    'a name as long as it may be',
    { ...BASE, fullnameOverride: 'a'.repeat(50), dashboard: { enabled: true }, configCheck: { hook: true } },
  ],
  ['other ports', { ...BASE, ports: { door: 5000, admin: 5001 }, service: { port: 5000 } }],
]
