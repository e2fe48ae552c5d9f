import { defineCauses } from '../cause.ts'

/** What registries, and what stands before them, answer instead of what was asked for. */
export const ANSWER_CAUSES = defineCauses({
  'html-instead-of-json': {
    step: 'http',
    owner: 'the network',
    is: 'what {host} answered is not from a registry',
    because: [
      'a captive portal, firewall, login page or load balancer answered instead',
      'the address is that of a web site or user interface, and not of the registry',
    ],
    try: [
      '`curl -sv https://{host}:{port}/v2/ | head -c 500`: a registry says {} or a JSON of errors; whose page is it?',
      'have who owns that page let this machine through, or correct the address',
    ],
    allow: true,
  },
  'server-error': {
    step: 'http',
    owner: 'the registry',
    is: '{host} has a fault or is overloaded',
    because: ['the registry, or a gateway before it, fails', 'its storage does not answer'],
    try: [
      "try again in some minutes, and look at the registry's status page",
      '`curl -v https://{host}:{port}/v2/`; if it is yours: its log',
    ],
  },
  'rate-limited': {
    step: 'http',
    owner: 'the registry',
    is: '{host} limits how much may be pulled, and this is more',
    because: [
      'many machines pull through one address, or one machine tries too often',
      'who is not logged in has a lower limit',
    ],
    try: [
      'wait: `curl -sI https://{host}:{port}/v2/ | grep -i retry-after` says how long',
      'log in, which has a higher limit',
      'put a mirror in between, which asks once for all',
    ],
  },
  'blocked-by-law': {
    step: 'http',
    owner: 'the registry',
    is: '{host} may not deliver this where you are',
    because: ['sanctions or other laws for the country of your address, or an address that is taken for one'],
    try: ['ask who owns the registry', 'pull from a mirror that may keep the image'],
  },
  'redirect-loop': {
    step: 'http',
    owner: 'the registry',
    is: '{host} sends the client in circles',
    because: ['a redirect of a load balancer or proxy leads to itself: http to https and back, or a path'],
    try: ['`curl -sIL --max-redirs 5 {url}`', 'correct the rule that redirects, or X-Forwarded-Proto'],
  },
  'redirect-refused': {
    step: 'http',
    owner: 'the registry',
    is: '{host} sends the client to an address that the client does not follow',
    because: ['the blobs lie at a private or loopback address, where clients of others are not to be sent'],
    try: ['have the registry redirect to a name, or deliver blobs itself'],
  },
  unauthorized: {
    step: 'login',
    owner: 'this machine',
    is: '{host} wants a login, and has none or a wrong one',
    because: [
      'the image is private, and the runtime was given no login for this host',
      'the login is wrong, or has expired',
      'the image does not exist: many registries say so only to who may know',
    ],
    try: [
      '`skopeo inspect --creds USER docker://{image}`',
      'on Kubernetes: an imagePullSecret in the namespace of the pod: `kubectl create secret docker-registry NAME --docker-server={host}`',
      'on a machine: `docker login {host}`, `podman login {host}`',
    ],
  },
  forbidden: {
    step: 'login',
    owner: 'the registry',
    is: '{host} refuses what was asked for',
    because: [
      'the login, or who has none, may not read this image',
      'the image does not exist: many registries say so only to who may know',
      'a firewall of the registry or of its provider refuses your address or country',
    ],
    try: [
      '`curl -sv {url} | head -c 500`: from the registry (JSON), its storage (XML), or something before it (HTML)?',
      'check the name, and the rights of the login',
      'where a page says it: logging in does not help; ask who owns the registry or the network',
    ],
  },
  'bad-challenge': {
    step: 'login',
    owner: 'the registry',
    is: '{host} asks for a login in a form that the client does not understand',
    because: [
      'the registry, or a proxy before it, sends a WWW-Authenticate without a realm',
      'what answers is no registry',
    ],
    try: ['`curl -sI https://{host}:{port}/v2/ | grep -i www-authenticate`'],
  },
  'signed-url-expired': {
    step: 'blob',
    owner: 'the registry',
    is: 'the link to the blob had expired before the blob was fetched',
    because: [
      'the download has waited for too long behind others, or took too long',
      'a cache hands out old redirects',
      'the clock of this machine or of the registry is wrong',
    ],
    try: ['pull again', '`date -u`: is that the time?', 'have no proxy cache answers with 302 or 307'],
  },
})
