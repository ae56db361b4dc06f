using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Rpc;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class ConstraintTests
{
    private static readonly SamplingOptions Drawn = new() { Temperature = 2, Seed = 7 };

    [Fact]
    public async Task A_random_model_answers_in_the_form_that_was_asked_for()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var json = await GenerateAsync(worker, new Constraint { JsonSchema = """{"type":"object","properties":{"size":{"type":"integer","minimum":1,"maximum":12},"ok":{"type":"boolean"}},"required":["size","ok"],"additionalProperties":false}""" });
        using var document = JsonDocument.Parse(json.Text);
        Assert.InRange(document.RootElement.GetProperty("size").GetInt32(), 1, 12);
        Assert.Equal(FinishReason.Stop, json.Finish.Reason);

        Assert.Matches("^[abc]{3,5}!$", (await GenerateAsync(worker, new Constraint { Grammar = """root ::= [abc]{3,5} "!" """ })).Text);
        Assert.Matches(@"\A(cat|dog)s? \d\d?\z", (await GenerateAsync(worker, new Constraint { Regex = @"^(cat|dog)s? \d\d?$" })).Text);
        var texts = new[] { "yes", "no \"maybe\"", "ja ☕" };
        Assert.Contains((await GenerateAsync(worker, new Constraint { Choice = new ChoiceList { Texts = { texts } } })).Text, texts);
    }

    [Fact]
    public async Task A_constraint_that_cannot_be_compiled_is_refused_with_its_place()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var wrong = new (Constraint Constraint, string Field, string Reason)[]
        {
            (new Constraint { JsonSchema = """{"type":"object","properties":{"a":{"type":"array","items":{"type":"nonsense"}}}}""" }, "constraint.json_schema", "#/properties/a/items"),
            (new Constraint { JsonSchema = "{" }, "constraint.json_schema", "not JSON"),
            (new Constraint { JsonSchema = new string('[', 10_000) }, "constraint.json_schema", "nested too deeply"),
            (new Constraint { Grammar = "root ::= (" }, "constraint.grammar", "expecting ')'"),
            (new Constraint { Regex = "a(b" }, "constraint.regex", "at character 4 of 3"),
            (new Constraint { Choice = new ChoiceList() }, "constraint.choice.texts", "0 entries"),
            (new Constraint { Choice = new ChoiceList { Texts = { "a", "" } } }, "constraint.choice.texts[1]", "0 bytes"),
            (new Constraint(), "constraint", "is empty"),
        };
        foreach (var (constraint, field, reason) in wrong)
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => GenerateAsync(worker, constraint));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            var violation = Assert.Single(error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations);
            Assert.Equal(field, violation.Field);
            Assert.Contains(reason, violation.Description, StringComparison.Ordinal);
        }

        Assert.Equal("ab", (await GenerateAsync(worker, new Constraint { Regex = "ab" })).Text);
    }

    [Fact]
    public async Task A_constraint_in_which_no_token_fits_ends_that_request_alone()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var request = Request(new Constraint { Grammar = "root ::= \"q\"" });
        request.Sampling.LogitBias.AddRange((await worker.TokenizeAsync(new TokenizeRequest { Text = "q", AddSpecial = false })).TokenIds.Append(3 + 'q').Select(token => new LogitBias { TokenId = token, Bias = -100 }));

        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("allows no token", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("q", (await GenerateAsync(worker, new Constraint { Grammar = "root ::= \"q\"" })).Text);
    }

    [Fact]
    public async Task A_constraint_can_be_combined_with_every_sampler()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        foreach (var sampling in new[]
        {
            new SamplingOptions { Temperature = 0 },
            new SamplingOptions { Temperature = 3, Seed = 1, TopK = 2, TypicalP = 0.5f, TopP = 0.1f },
            new SamplingOptions { Temperature = 1, Seed = 1, Mirostat = new MirostatOptions() },
            new SamplingOptions { Temperature = 1, Seed = 1, XtcProbability = 1, XtcThreshold = 0.01f, Dry = new DryOptions { Multiplier = 2 }, TopNSigma = 1 },
        })
        {
            var request = Request(new Constraint { Regex = "[xyz]{4}" });
            request.Sampling = sampling;
            Assert.Matches(@"\A[xyz]{4}\z", (await worker.GenerateAsync(request)).Text);
        }
    }

    private static GenerateRequest Request(Constraint constraint) => new()
    {
        Text = "answer:",
        Sampling = Drawn.Clone(),
        Stop = new StopOptions { MaxTokens = 200 },
        Constraint = constraint,
    };

    private static Task<Answer> GenerateAsync(InProcessWorker worker, Constraint constraint) => worker.GenerateAsync(Request(constraint));
}
