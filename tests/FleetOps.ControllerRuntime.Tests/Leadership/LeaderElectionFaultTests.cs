using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Tests.Stubs;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.ControllerRuntime.Tests.Leadership;

/// <summary>Faults of the connection at the worst of times: lease 5 s, deadline 3 s, retry 0.5 s.</summary>
public sealed class LeaderElectionFaultTests : IAsyncDisposable
{
    private readonly JumpingClock _time = new();
    private readonly LeaseServer _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly LeaderElection _election;
    private readonly TaskCompletionSource _workMayEnd = new();
    private Task _run = Task.CompletedTask;
    private volatile bool _working;
    private volatile bool _stopping;
    private volatile bool _lost;

    public LeaderElectionFaultTests()
    {
        _server = new LeaseServer(_time);
        _election = new LeaderElection(
            _server.Connect(),
            new LeaderElectionOptions { Namespace = "ns", Name = "operator", Identity = "me", LeaseDuration = TimeSpan.FromSeconds(5), RenewDeadline = TimeSpan.FromSeconds(3), RetryPeriod = TimeSpan.FromSeconds(0.5) },
            _time,
            NullLogger<LeaderElection>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _workMayEnd.TrySetResult();
        _server.Fault = (_, _) => Task.CompletedTask;
        await _stop.CancelAsync();
        while (!_run.IsCompleted)
        {
            await StepAsync();
        }

        _stop.Dispose();
    }

    [Fact]
    public async Task A_lease_released_without_a_holder_is_taken_at_once()
    {
        _server.Lease = new V1Lease { Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" }, Spec = new V1LeaseSpec { LeaseDurationSeconds = 1 } };

        await LeadAsync();

        Assert.Equal("me", _server.Lease!.Spec.HolderIdentity);
    }

    [Fact]
    public async Task A_held_lease_is_taken_only_after_it_was_seen_unchanged_for_its_whole_duration()
    {
        _server.Lease = new V1Lease { Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" }, Spec = new V1LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 5 } };
        Start();

        await AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.False(_working);

        await AdvanceUntilAsync(() => _working, "it leads");
        Assert.Equal(1, _server.Lease!.Spec.LeaseTransitions);
    }

    [Fact]
    public async Task A_lease_given_back_is_found_within_the_retry_period()
    {
        _server.Lease = new V1Lease { Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" }, Spec = new V1LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 5 } };
        Start();
        await AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("other", _election.Holder);

        _server.Lease = new V1Lease { Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" }, Spec = new V1LeaseSpec { HolderIdentity = "", LeaseDurationSeconds = 1 } };
        await AdvanceAsync(TimeSpan.FromSeconds(0.5));

        Assert.True(_working);
    }

    [Fact]
    public async Task On_stop_the_lease_is_renewed_while_the_work_ends_and_given_back_only_then()
    {
        await LeadAsync();

        await _stop.CancelAsync();
        await AdvanceAsync(TimeSpan.FromSeconds(12));
        Assert.True(_stopping);
        Assert.False(_lost);
        Assert.Equal("me", _server.Lease!.Spec.HolderIdentity);
        Assert.True(_time.GetUtcNow().UtcDateTime - _server.Lease.Spec.RenewTime!.Value < TimeSpan.FromSeconds(2));

        _workMayEnd.SetResult();
        await _run;
        Assert.Equal("", _server.Lease!.Spec.HolderIdentity);
        Assert.Equal(1, _server.Lease.Spec.LeaseDurationSeconds);
    }

    [Fact]
    public async Task Connections_that_drop_while_leading_do_not_end_leadership()
    {
        await LeadAsync();
        var drops = 2;
        _server.Fault = (_, _) => Interlocked.Decrement(ref drops) >= 0 ? throw new HttpRequestException("connection dropped by script") : Task.CompletedTask;

        await AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.True(_working);
        Assert.False(_lost);
        Assert.True(drops < 0);
    }

    [Fact]
    public async Task A_hung_request_neither_ends_leadership_nor_writes_afterwards()
    {
        await LeadAsync();
        var hung = 1;
        _server.Fault = (_, token) => Interlocked.Decrement(ref hung) >= 0 ? Task.Delay(TimeSpan.FromSeconds(9), _time, token) : Task.CompletedTask;

        await AdvanceAsync(TimeSpan.FromSeconds(12));

        Assert.True(_working);
        Assert.False(_lost);
    }

    [Fact]
    public async Task Without_a_server_the_work_is_told_before_others_may_take_the_lease_and_nothing_is_written_later()
    {
        await LeadAsync();
        var lastRenewal = _server.Lease!.Spec.RenewTime!.Value;
        var writes = _server.Writes;
        _server.Fault = (_, token) => Task.Delay(TimeSpan.FromDays(1), _time, token);

        await AdvanceUntilAsync(() => _lost, "the work is told");
        Assert.True(_time.GetUtcNow().UtcDateTime - lastRenewal <= TimeSpan.FromSeconds(3.3), "by the deadline after the last good renewal");
        _workMayEnd.SetResult();
        await AdvanceAsync(TimeSpan.FromSeconds(4));

        Assert.False(_election.IsLeader);
        Assert.Equal(writes, _server.Writes);
    }

    [Fact]
    public async Task A_lease_that_another_took_ends_leadership_at_once_and_is_campaigned_for_again()
    {
        await LeadAsync();
        _server.Lease = new V1Lease { Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" }, Spec = new V1LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 5 } };

        await AdvanceUntilAsync(() => _lost, "the work is told");
        _workMayEnd.SetResult();
        await AdvanceUntilAsync(() => !_election.IsLeader, "leadership ends");
        Assert.Equal("other", _server.Lease!.Spec.HolderIdentity);

        await AdvanceUntilAsync(() => _server.Lease!.Spec.HolderIdentity == "me", "the lease runs out and is taken again");
    }

    [Fact]
    public async Task Work_that_ignores_the_loss_ends_the_election_with_an_error()
    {
        await LeadAsync();
        _server.Fault = (_, _) => throw new HttpRequestException("down by script");

        await AdvanceUntilAsync(() => _run.IsCompleted, "the election gives up");

        await Assert.ThrowsAsync<TimeoutException>(() => _run);
        _run = Task.CompletedTask;
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1000)]
    public async Task A_wall_clock_that_jumps_neither_ends_leadership_nor_hands_it_out(int hours)
    {
        await LeadAsync();

        _time.WallClockIsWrongBy = TimeSpan.FromHours(hours);
        await AdvanceAsync(TimeSpan.FromSeconds(12));

        Assert.True(_working);
        Assert.False(_lost);
        Assert.False(_election.IsOverdue);
        Assert.Equal(_time.GetUtcNow().UtcDateTime, _server.Lease!.Spec.RenewTime!.Value, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1000)]
    public async Task A_candidate_whose_wall_clock_is_wrong_waits_as_long_as_any_other(int hours)
    {
        _server.Lease = new V1Lease
        {
            Metadata = new V1ObjectMeta { Name = "operator", Uid = "lease" },
            Spec = new V1LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 5, RenewTime = _time.GetUtcNow().UtcDateTime },
        };
        _time.WallClockIsWrongBy = TimeSpan.FromHours(hours);
        Start();

        await AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.False(_working);
        await AdvanceAsync(TimeSpan.FromSeconds(2));

        Assert.True(_working);
    }

    [Fact]
    public void Durations_that_do_not_fit_each_other_are_refused()
    {
        var options = new LeaderElectionOptions { Namespace = "ns", Name = "operator", LeaseDuration = TimeSpan.FromSeconds(10), RenewDeadline = TimeSpan.FromSeconds(10) };

        var refused = Assert.Throws<InvalidOperationException>(options.Validate);

        Assert.Contains("RenewDeadline < LeaseDuration", refused.Message, StringComparison.Ordinal);
    }

    private void Start() => _run = Task.Run(() => _election.RunAsync(WorkAsync, _stop.Token));

    private async Task LeadAsync()
    {
        Start();
        await AdvanceUntilAsync(() => _working, "it leads");
    }

    private async Task WorkAsync(LeaderTerm term)
    {
        _working = true;
        using var stopping = term.Stopping.Register(() => _stopping = true);
        using var lost = term.Lost.Register(() => _lost = true);
        await _workMayEnd.Task;
        _working = false;
    }

    private async Task AdvanceAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromSeconds(0.1))
        {
            await StepAsync();
        }
    }

    private async Task AdvanceUntilAsync(Func<bool> condition, string what)
    {
        for (var i = 0; i < 2000 && !condition(); i++)
        {
            await StepAsync();
        }

        Assert.True(condition(), $"It never came true that {what}.");
    }

    // Time goes on only once everybody waits for it, however slow the machine is.
    private async Task StepAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(0.1));
        for (var i = 0; i < 1000 && !IsAsleep; i++)
        {
            await Task.Yield();
        }

        await Eventually.TrueAsync(() => IsAsleep, "the election waits for the clock");
    }

    private bool IsAsleep => _run.IsCompleted || (_time.Sleepers > 0 && (_working || !_election.IsLeader || _workMayEnd.Task.IsCompleted));
}
