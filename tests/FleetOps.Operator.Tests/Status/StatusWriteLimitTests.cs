using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Status;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.Operator.Tests.Status;

public sealed class StatusWriteLimitTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StatusWriteLimit _limit;

    public StatusWriteLimitTests() => _limit = new(_time);

    [Fact]
    public void A_model_that_flaps_is_written_seldom_and_may_be_written_again_after_a_while()
    {
        var model = Known();
        var key = ObjectKey.Of(model);
        var written = 0;
        for (var second = 0; second < 60; second++)
        {
            for (var i = 0; i < 4; i++)
            {
                if (_limit.Pause(model) == TimeSpan.Zero)
                {
                    _limit.Wrote(key);
                    written++;
                }
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(written, StatusWriteLimit.Burst, StatusWriteLimit.Burst + 21);
        _time.Advance(_limit.Pause(model));
        Assert.Equal(TimeSpan.Zero, _limit.Pause(model));
    }

    [Fact]
    public void A_new_spec_is_answered_at_once_and_other_models_are_not_kept_waiting()
    {
        var model = Known();
        for (var i = 0; i < 2 * StatusWriteLimit.Burst; i++)
        {
            _limit.Wrote(ObjectKey.Of(model));
        }

        Assert.True(_limit.Pause(model) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _limit.Pause(Known("other")));
        model.Metadata.Generation++;
        Assert.Equal(TimeSpan.Zero, _limit.Pause(model));
    }

    [Fact]
    public void Nothing_is_kept_of_models_at_rest_nor_of_those_that_are_gone()
    {
        for (var i = 0; i < 256; i++)
        {
            _limit.Wrote(new("ns", $"model-{i}"));
        }

        _time.Advance(StatusWriteLimit.Refill * StatusWriteLimit.Burst);
        _limit.Wrote(new("ns", "last"));
        Assert.Equal(1, _limit.Count);

        _limit.Forget(new("ns", "last"));
        Assert.Equal(0, _limit.Count);
    }

    private static ModelDeployment Known(string name = "demo")
    {
        var model = Given.Model(name);
        model.Status = new() { ObservedGeneration = model.Metadata.Generation };
        return model;
    }
}
