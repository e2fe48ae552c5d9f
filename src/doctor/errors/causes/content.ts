import { defineCauses } from '../cause.ts'

/** What is not there, or not what it should be. */
export const CONTENT_CAUSES = defineCauses({
  'name-invalid': {
    step: 'name',
    owner: 'the image',
    is: 'this is not the name of an image',
    because: ['an upper-case letter, a blank, a scheme such as https://, or a variable that stayed empty'],
    try: ['write it as host/name:tag, in lower case'],
  },
  'short-name': {
    step: 'name',
    owner: 'the image',
    is: 'the name has no registry before it, and none is searched by default',
    because: ['registries.conf names no unqualified-search-registries'],
    try: ['write the registry, too: docker.io/library/NAME'],
  },
  'manifest-unknown': {
    step: 'manifest',
    owner: 'the image',
    is: '{host} has no {image}',
    because: [
      'the tag is misspelt, was never pushed, or is deleted',
      'a mirror does not have it yet, or was asked by another name',
      'the path lacks a part, or has one too many',
    ],
    try: [
      '`skopeo list-tags docker://{host}/{name}`',
      '`skopeo inspect docker://{image}`, also from a machine that can',
    ],
  },
  'repository-unknown': {
    step: 'manifest',
    owner: 'the image',
    is: '{host} has no repository of this name',
    because: [
      'the name is misspelt, or lacks a part before it',
      'it is private, and there is no login: many registries say so only to who may know',
    ],
    try: ['`skopeo list-tags docker://{host}/{name}`', 'check the name, and log in'],
  },
  'no-platform': {
    step: 'manifest',
    owner: 'the image',
    is: '{image} is not there for the platform of this machine',
    because: [
      'it was built for other platforms',
      'it was copied for one platform alone',
      'the client runs elsewhere than the machine that is to run it: a Mac, Windows',
    ],
    try: [
      'which there are: `docker manifest inspect {image}` or `crane manifest {image}`',
      '`uname -m`; on Kubernetes a nodeSelector of kubernetes.io/arch',
      'build or copy it for all platforms: `skopeo copy --all`',
    ],
  },
  'media-type': {
    step: 'manifest',
    owner: 'the image',
    is: '{image} is of a kind that this client cannot use',
    because: [
      'it is a Helm chart, signature or other artifact, and no image',
      'a proxy or store answers with a media type of its own',
      'the client is too old for it: zstd, OCI',
    ],
    try: [
      '`skopeo inspect --raw docker://{image}`: what is its mediaType?',
      'use the tool that it is for, or a newer client',
    ],
  },
  schema1: {
    step: 'manifest',
    owner: 'the image',
    is: '{image} is in a form that is given up: schema 1',
    because: ['it was pushed before 2017 and never since', 'an old registry converts what it has'],
    try: [
      '`skopeo copy --format=oci docker://{image} docker://REGISTRY/NAME:TAG`, with skopeo, which still reads it',
    ],
  },
  'blob-unknown': {
    step: 'blob',
    owner: 'the registry',
    is: '{host} has the manifest and not a blob that it names',
    because: [
      'the blob is gone: garbage collection, a lost disk, a push that failed in the middle',
      'a mirror or bucket was not filled to its end',
    ],
    try: [
      'pull again, from another mirror if there is one',
      'push the image anew',
      'if stores are yours: `portolan audit`',
    ],
  },
  truncated: {
    step: 'blob',
    owner: 'the network',
    is: 'the download from {host} ended too early',
    because: [
      'a proxy or load balancer in between ends what is long or large',
      'the server was restarted, or its storage failed',
      'the connection is bad',
    ],
    try: [
      'pull again: several clients go on where they stopped',
      '`curl -o /dev/null {url}`: does it always end at the same place?',
      'raise the limits of time and size of what stands in between',
    ],
  },
  'range-ignored': {
    step: 'blob',
    owner: 'the registry',
    is: '{host} cannot go on with a download that broke off: it does not know Range',
    because: [
      'the store or CDN behind the registry ignores Range, or a proxy in between takes it away',
      'the connection breaks off often, which is what it began with',
    ],
    try: [
      '`curl -s -o /dev/null -w "%{http_code}" -r 0-0 {url}`: 206 is right, 200 is wrong',
      'have the store answer with 206, and look for what cuts long downloads',
    ],
  },
  'wrong-digest': {
    step: 'blob',
    owner: 'the registry',
    is: 'what {host} sent is not what was asked for: it has another digest',
    because: [
      'a proxy, cache or virus scanner has changed it, or sent a page of its own',
      'the stored content is damaged, or cut off',
      'a store compresses what it sends',
    ],
    try: [
      '`curl -sL {url} | sha256sum`, here and from another network',
      'clear the cache in between; push the image anew',
      'if stores are yours: `portolan audit`',
    ],
  },
  'signature-refused': {
    step: 'manifest',
    owner: 'this machine',
    is: 'a policy of this machine does not accept {image}',
    because: [
      'policy.json rejects this registry, or wants a signature that the image does not have',
      'the key in the policy is another one than it was signed with',
    ],
    try: ['`cat /etc/containers/policy.json`', '`skopeo standalone-verify`, or `cosign verify`'],
  },
})
