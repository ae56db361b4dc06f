namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>
/// Whose turn it is: the tenant for whom the fewest tokens were computed since it came. One that comes, or comes back,
/// begins where the others are, so that having been away is no credit and having been first no debt. Not safe for
/// concurrent use.
/// </summary>
internal sealed class TenantTurns
{
    // Tenants that are gone are forgotten in heaps, because a look at all of them takes time.
    private const int Remembered = 256;

    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private long _now;
    private int _rememberedNext = Remembered;

    /// <summary>A request of a tenant begins to wait.</summary>
    public void Arrive(string tenant)
    {
        if (!_accounts.TryGetValue(tenant, out var account))
        {
            Forget();
            _accounts.Add(tenant, account = new Account { Tokens = _now });
        }

        account.Tokens = account.Waiting == 0 ? Math.Max(account.Tokens, _now) : account.Tokens;
        account.Waiting++;
    }

    /// <summary>A request of a tenant waits no more.</summary>
    public void Leave(string tenant) => _accounts[tenant].Waiting--;

    /// <summary>How many requests of a tenant wait.</summary>
    public int WaitingOf(string tenant) => _accounts.TryGetValue(tenant, out var account) ? account.Waiting : 0;

    /// <summary>The tokens that count for a tenant who has requests waiting; the lowest is next.</summary>
    public long TokensOf(string tenant) => _accounts[tenant].Tokens;

    /// <summary>A tenant had its turn.</summary>
    public void Serve(string tenant, int tokens)
    {
        var account = _accounts[tenant];
        _now = Math.Max(_now, account.Tokens);
        account.Tokens += tokens;
    }

    /// <summary>More was computed for a tenant, who may be gone.</summary>
    public void Charge(string tenant, int tokens)
    {
        if (_accounts.TryGetValue(tenant, out var account))
        {
            account.Tokens += tokens;
        }
    }

    private void Forget()
    {
        if (_accounts.Count < _rememberedNext)
        {
            return;
        }

        foreach (var (tenant, account) in _accounts)
        {
            if (account.Waiting == 0 && account.Tokens <= _now)
            {
                _accounts.Remove(tenant);
            }
        }

        _rememberedNext = Math.Max(Remembered, _accounts.Count * 2);
    }

    private sealed class Account
    {
        public long Tokens { get; set; }

        public int Waiting { get; set; }
    }
}
