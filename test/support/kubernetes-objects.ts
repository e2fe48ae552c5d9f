/** Objects of the Kubernetes API, as far as tests look at them; the API's schemas say whether they are right. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels: Labels
    readonly annotations?: Labels
  }
  readonly spec?: ObjectSpec
  readonly data?: Labels
  readonly automountServiceAccountToken?: boolean
}

type Labels = Readonly<Record<string, string>>

/** What the specs of the kinds have, taken together. */
export interface ObjectSpec {
  readonly replicas?: number
  readonly strategy?: object
  readonly selector?: Labels | { readonly matchLabels: Labels }
  readonly podSelector?: { readonly matchLabels: Labels }
  readonly template?: {
    readonly metadata: { readonly labels: Labels; readonly annotations?: Labels }
    readonly spec: PodSpec
  }
  readonly type?: string
  readonly clusterIP?: string
  readonly ports?: readonly ServicePort[]
  readonly externalTrafficPolicy?: string
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly PolicyRule[]
  readonly egress?: readonly PolicyRule[]
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string }
  readonly endpoints?: readonly { readonly relabelings?: readonly object[]; readonly scheme?: string }[]
}

interface ServicePort {
  readonly name: string
  readonly port: number
  readonly targetPort: string | number
  readonly appProtocol?: string
}

interface PolicyRule {
  readonly ports?: readonly { readonly port: string | number }[]
  readonly from?: readonly unknown[]
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes: readonly Volume[]
  readonly automountServiceAccountToken?: boolean
  readonly enableServiceLinks?: boolean
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly runAsUser?: number
    readonly seccompProfile?: { readonly type: string }
  }
  readonly terminationGracePeriodSeconds?: number
  readonly hostNetwork?: boolean
}

interface Volume {
  readonly name: string
  readonly configMap?: { readonly name: string }
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number }
  readonly emptyDir?: object
  readonly persistentVolumeClaim?: { readonly claimName: string }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly env?: readonly object[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
  }[]
  readonly securityContext: {
    readonly allowPrivilegeEscalation?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] }
  }
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
}

export interface Probe {
  readonly httpGet: {
    readonly path: string
    readonly port: string | number
    readonly scheme: 'HTTP' | 'HTTPS'
  }
}

/** The one object of a kind, by the end of its name where there are several. */
export function theObject(objects: readonly ApiObject[], kind: string, suffix = ''): ApiObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(suffix))
  if (found.length !== 1) throw new Error(`there are ${found.length} objects of the kind ${kind}, and not 1`)
  return found[0]!
}

/** The pods of a deployment or job. */
export function podOf(object: ApiObject): PodSpec {
  if (object.spec?.template === undefined) throw new Error(`${object.kind} has no pods`)
  return object.spec.template.spec
}
