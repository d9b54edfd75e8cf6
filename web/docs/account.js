// Signing in on this page: the key is sent once, for a session whose cookie no script can read.
{
  const bar = document.getElementById('account');
  const find = (name) => bar.querySelector(`[name=${name}]`);
  let csrfToken = '';

  /** Null: the request could not be made. */
  async function ask(method, path, headers = {}) {
    const answer = await fetch(path, {method, headers}).catch(() => null);
    const body = answer?.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
    return answer && {ok: answer.ok, status: answer.status, body};
  }

  function show(session) {
    csrfToken = session?.csrf_token ?? '';
    bar.dataset.state = session ? 'in' : 'out';
    if (!session) return;
    const {key, tenant} = session;
    find('who').textContent = `${key.name} (${key.hint}) of ${tenant.name}: ${key.permissions.join(', ')}`;
    find('who').title = `until ${new Date(session.expires_at).toLocaleString()} at the latest`;
  }

  function say(answer) {
    find('message').textContent = answer ? answer.body?.detail ?? '' : 'The server does not answer.';
  }

  async function signIn(event) {
    event.preventDefault();
    const answer = await ask('POST', '/v1/sessions', {Authorization: `Bearer ${find('key').value.trim()}`});
    find('key').value = '';
    say(answer?.ok ? {} : answer);
    if (answer?.ok) show(answer.body);
  }

  async function signOut() {
    const answer = await ask('DELETE', '/v1/sessions/current', {'X-CSRF-Token': csrfToken});
    const isOver = answer && (answer.ok || answer.status === 401);
    say(isOver ? {} : answer);
    if (isOver) show(null);
    find('answer').textContent = '';
  }

  async function read(event) {
    event.preventDefault();
    const answer = await ask('GET', find('path').value);
    say(answer && {});
    if (!answer) return;
    find('answer').textContent = `${answer.status}\n${JSON.stringify(answer.body, null, 2)}`;
    if (answer.status === 401) show(null);
  }

  find('sign-in').addEventListener('submit', signIn);
  find('sign-out').addEventListener('click', signOut);
  find('read').addEventListener('submit', read);
  ask('GET', '/v1/sessions/current').then((answer) => show(answer?.ok ? answer.body : null));
}
