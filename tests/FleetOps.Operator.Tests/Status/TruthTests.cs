using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.Tests.Status;

/// <summary>Status says no more than is known, and leaves out nothing that matters.</summary>
public sealed class TruthTests
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("pvc://models/f.gguf", null, Reasons.DigestNotCompared)]
    [InlineData("https://h/f.gguf", null, Reasons.DigestNotCompared)]
    [InlineData("pvc://models/f.gguf", Digest, Reasons.WeightsVerified)]
    [InlineData("hf://o/r/f.gguf", null, Reasons.WeightsVerified)]
    public void Weights_that_nothing_was_compared_with_are_not_called_verified(string source, string? sha256, string reason)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = source, Sha256 = sha256 } });

        var ready = Given.Condition(Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.ReadyPod(model)))), ConditionTypes.WeightsReady);

        Assert.Equal(("True", reason), (ready.Status, ready.Reason));
        Assert.Equal(reason == Reasons.DigestNotCompared, ready.Message.Contains("compared with nothing", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Source", Reasons.WeightsVerified)]
    [InlineData("Computed", Reasons.DigestNotCompared)]
    [InlineData("Record", Reasons.DigestNotCompared)]
    public void Whether_a_bucket_named_a_digest_is_what_the_worker_says(string origin, string reason)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = "s3://bucket/f.gguf" } });
        var told = new WorkerObservation(Given.ReadyPod(model), new WorkerState { Phase = WorkerPhases.Serving, Model = new() { Sha256 = Digest, DigestOrigin = origin } });

        var status = Given.StatusOf(Given.Carried(model, told));

        Assert.Equal(reason, Given.Condition(status, ConditionTypes.WeightsReady).Reason);
        // An operator that starts anew has no worker's word yet.
        model.Status = status;
        var restarted = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.ReadyPod(model))));
        Assert.Equal(reason, Given.Condition(restarted, ConditionTypes.WeightsReady).Reason);
    }

    [Fact]
    public void A_source_of_any_length_leaves_room_for_both_digests()
    {
        var asked = new string('1', 64);
        var words = $"https://example.com/{new string('x', 1000)}.gguf has the sha256 {Digest} by its source's own metadata and {asked} is demanded; nothing was downloaded";

        var told = ReasonTraits.Describe(Reasons.DigestMismatch, "Pod demo-1", words).Message;

        Assert.Contains($"sha256 {Digest}", told, StringComparison.Ordinal);
        Assert.Contains($"and {asked} is demanded", told, StringComparison.Ordinal);
        Assert.StartsWith("Pod demo-1: https://example.com/xxx", told, StringComparison.Ordinal);
        Assert.Contains("xxx.gguf has", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.4, 0L)]
    [InlineData(9.0, 9L)]
    [InlineData(99.6, 100L)]
    [InlineData(123_456.0, 120_000L)]
    [InlineData(0.0, null)]
    [InlineData(double.NaN, null)]
    [InlineData(double.PositiveInfinity, null)]
    public void Amounts_are_told_to_two_digits(double amount, long? told) => Assert.Equal(told, Rounded.TwoDigits(amount));

    [Theory]
    [InlineData(45L, "45s")]
    [InlineData(250L, "4m")]
    [InlineData(7200L, "2h")]
    [InlineData(200_000L, "2d")]
    public void Times_are_told_as_people_say_them(long seconds, string told) => Assert.Equal(told, Rounded.Time(seconds));

    [Fact]
    public void A_worker_s_rate_is_told_with_its_percents_and_causes_no_write_of_its_own()
    {
        var model = Given.Model();
        var pod = Given.RunningPod(model);
        pod.Status.PodIP = "127.0.0.1";
        pod.Status.ContainerStatuses[0].ContainerID = "c";
        var states = new WorkerStates(TimeProvider.System);
        states.PodChanged(new(ControllerRuntime.Informers.ChangeKind.Added, null, pod, IsInitial: false));
        WorkerState State(long fetched, double rate) => new() { Phase = WorkerPhases.Fetching, FetchedBytes = fetched, TotalBytes = 1000, BytesPerSecond = rate, SecondsLeft = 60 };

        Assert.True(states.Answered(pod, State(100, 5000), 3));
        Assert.False(states.Answered(pod, State(101, 9000), 3));
        var status = Given.StatusOf(Given.Carried(model, states.Observe(pod)));
        Assert.Equal((5000L, 60L, "10%"), (status.Workers![0].BytesPerSecond, status.Workers[0].SecondsLeft, status.Progress));
        Assert.True(states.Answered(pod, State(110, 9000), 3));
        Assert.Equal(9000L, Given.StatusOf(Given.Carried(model, states.Observe(pod))).Workers![0].BytesPerSecond);
    }
}
