using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;

namespace FleetOps.Operator.Tests.ModelCaches;

/// <summary>Ready means that the files are there now, not that they once were somewhere of this name.</summary>
public sealed class PlaceIdentityTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_claim_that_was_made_anew_is_fetched_to_again()
    {
        var ready = Ready(new() { Cache = GivenCache.Cache(), ClaimIdentity = "first", Now = Noon });

        var another = ready with { ClaimIdentity = "second" };
        var started = GivenCache.Carried(another);

        Assert.Equal("True", ReadyOf(ready));
        Assert.Equal("False", ReadyOf(another));
        Assert.NotEqual(ready.Jobs[0].Metadata.Name, Assert.Single(started.Jobs).Metadata.Name);
        Assert.Equal("False", ReadyOf(ready with { ClaimIdentity = null }));
    }

    [Fact]
    public void A_node_that_was_set_up_anew_is_fetched_to_again_and_the_others_are_not()
    {
        var nodes = Identities(("a", "1"), ("b", "1"));
        var ready = new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()), Nodes = ["a", "b"], NodeIdentities = nodes, Now = Noon };
        ready = Ready(ready);

        var another = ready with { NodeIdentities = Identities(("a", "1"), ("b", "2")) };

        Assert.Equal([("a", CachePhases.Ready), ("b", CachePhases.Pending)], GivenCache.StatusOf(another).Nodes!.Select(node => (node.Name, node.Phase)));
        Assert.Single(GivenCache.Plan(another).Create);
    }

    [Fact]
    public void What_is_ready_is_looked_at_again_after_a_while_and_stays_ready_meanwhile()
    {
        var ready = Ready(new() { Cache = GivenCache.Cache(GivenCache.OnClaim with { RecheckHours = 24 }), ClaimIdentity = "claim", Now = Noon }) with { Jobs = [] };
        Assert.Empty(GivenCache.Plan(ready).Create);
        Assert.Equal(TimeSpan.FromHours(24), GivenCache.Plan(ready).LookAgainAfter);

        var due = ready with { Now = Noon.AddHours(24) };
        var looking = GivenCache.Carried(due);
        Assert.Equal("True", ReadyOf(due));
        Assert.Equal("True", ReadyOf(looking with { Pods = [GivenCache.Running(Assert.Single(looking.Jobs), WorkerPhases.Verifying)] }));

        var looked = GivenCache.Told(looking with { Jobs = [GivenCache.Ended(looking.Jobs[0], "Complete")] });
        Assert.Equal(due.Now.UtcDateTime, looked.Cache.Status!.VerifiedAt);
        Assert.Empty(GivenCache.Plan(looked).Create);
    }

    [Fact]
    public void A_look_that_has_to_fetch_or_fails_ends_the_readiness()
    {
        var due = Ready(new() { Cache = GivenCache.Cache(), ClaimIdentity = "claim", Now = Noon }) with { Jobs = [], Now = Noon.AddDays(8) };
        var looking = GivenCache.Carried(due);
        var job = looking.Jobs[0];

        var fetching = GivenCache.Told(looking with { Pods = [GivenCache.Running(job, WorkerPhases.Fetching, 1, 4)] });
        var failed = looking with { Jobs = [GivenCache.Ended(job, "Failed")], Pods = [GivenCache.Failed(job, Reasons.SourceNotFound)] };

        Assert.Equal((CachePhases.Fetching, "False"), (fetching.Cache.Status!.Phase, ReadyOf(fetching)));
        Assert.Empty(GivenCache.Plan(fetching).Create);
        Assert.Equal(Reasons.SourceNotFound, GivenCache.Condition(GivenCache.StatusOf(failed), ConditionTypes.Ready).Reason);
        Assert.Equal("True", ReadyOf(GivenCache.Told(fetching with { Jobs = [GivenCache.Ended(job, "Complete")], Pods = [GivenCache.Succeeded(job)] })));
    }

    [Fact]
    public void Nothing_is_looked_at_again_where_the_spec_says_never()
    {
        var ready = Ready(new() { Cache = GivenCache.Cache(GivenCache.OnClaim with { RecheckHours = 0 }), ClaimIdentity = "claim", Now = Noon }) with { Jobs = [], Now = Noon.AddYears(1) };

        Assert.Empty(GivenCache.Plan(ready).Create);
        Assert.Null(GivenCache.Plan(ready).LookAgainAfter);
    }

    private static CacheObservation Ready(CacheObservation observed)
    {
        var started = GivenCache.Carried(observed);
        return GivenCache.Told(started with { Jobs = [.. started.Jobs.Select(job => GivenCache.Ended(job, "Complete"))], Pods = [.. started.Jobs.Select(GivenCache.Succeeded)] });
    }

    private static string ReadyOf(CacheObservation observed) => GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Ready).Status;

    private static Dictionary<string, string> Identities(params (string Node, string Identity)[] nodes) => nodes.ToDictionary(node => node.Node, node => node.Identity, StringComparer.Ordinal);
}
