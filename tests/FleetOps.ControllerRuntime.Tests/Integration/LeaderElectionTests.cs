using FleetOps.ControllerRuntime.Leadership;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.ControllerRuntime.Tests.Integration;

public sealed class LeaderElectionTests(RealApi real)
{
    // A lease that is taken over in the time of a test was given back.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_standby_takes_over_at_once_when_the_leader_stops_in_good_order()
    {
        var ns = await real.NewNamespaceAsync();
        await using var first = new Candidate(real, ns, "first", Long);
        await Eventually.TrueAsync(() => first.Leads, "the first candidate leads");
        await using var second = new Candidate(real, ns, "second", Long);
        await Eventually.TrueAsync(() => second.Election.Holder == "first", "the standby knows the leader");
        Assert.False(second.Leads);

        await first.StopAsync();
        await Eventually.TrueAsync(() => second.Leads, "the standby leads");

        var lease = await real.Api.GetAsync(BuiltInTypes.Leases, new ObjectKey(ns, "operator"), Token);
        Assert.Equal("second", lease.Spec.HolderIdentity);
        Assert.Equal(1, lease.Spec.LeaseTransitions);
    }

    [Fact]
    public async Task Of_many_candidates_exactly_one_leads_at_any_time()
    {
        var ns = await real.NewNamespaceAsync();
        var candidates = Enumerable.Range(0, 5).Select(i => new Candidate(real, ns, $"candidate-{i}")).ToList();
        var mostAtOnce = 0;

        for (var round = 0; round < candidates.Count; round++)
        {
            await Eventually.TrueAsync(
                () =>
                {
                    mostAtOnce = Math.Max(mostAtOnce, candidates.Count(candidate => candidate.Leads));
                    return candidates.Any(candidate => candidate.Leads);
                },
                "someone leads");
            await candidates.Single(candidate => candidate.Leads).StopAsync();
        }

        Assert.Equal(1, mostAtOnce);
        foreach (var candidate in candidates)
        {
            await candidate.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_lease_released_by_another_client_without_a_holder_is_taken()
    {
        var ns = await real.NewNamespaceAsync();
        await real.Api.CreateAsync(
            BuiltInTypes.Leases,
            new k8s.Models.V1Lease
            {
                ApiVersion = "coordination.k8s.io/v1",
                Kind = "Lease",
                Metadata = new k8s.Models.V1ObjectMeta { Name = "operator", NamespaceProperty = ns },
                Spec = new k8s.Models.V1LeaseSpec { LeaseDurationSeconds = 1, RenewTime = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) },
            },
            Token);

        await using var candidate = new Candidate(real, ns, "first");

        await Eventually.TrueAsync(() => candidate.Leads, "the candidate leads");
    }

    private sealed class Candidate : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _run;
        private volatile bool _working;

        public Candidate(RealApi real, string ns, string identity, TimeSpan? lease = null)
        {
            var options = new LeaderElectionOptions { Namespace = ns, Name = "operator", Identity = identity, LeaseDuration = lease ?? TimeSpan.FromSeconds(15), RetryPeriod = TimeSpan.FromSeconds(0.3) };
            Election = new LeaderElection(real.Open(real.Server), options, TimeProvider.System, NullLogger<LeaderElection>.Instance);
            _run = Task.Run(() => Election.RunAsync(WorkAsync, _stop.Token));
        }

        public LeaderElection Election { get; }

        public bool Leads => _working;

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _run;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task WorkAsync(LeaderTerm term)
        {
            _working = true;
            await Task.Delay(Timeout.Infinite, term.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _working = false;
        }
    }
}
