using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class ChatTests
{
    [Fact]
    public async Task The_models_own_template_renders_the_conversation()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var sampling = new SamplingOptions { Temperature = 0 };
        var stop = new StopOptions { MaxTokens = 30, IgnoreEndOfGeneration = true };
        var output = new OutputOptions { TokenIds = true };
        var chat = await worker.ChatAsync(new ChatRequest
        {
            Messages = { new ChatMessage { Role = "system", Content = "be brief" }, new ChatMessage { Role = "user", Content = "hi" } },
            Sampling = sampling,
            Stop = stop,
            Output = output,
        });
        var rendered = await worker.GenerateAsync(new GenerateRequest
        {
            Text = "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
            Sampling = sampling,
            Stop = stop,
            Output = output,
        });
        Assert.Equal(rendered.Prompt.PromptTokens, chat.Prompt.PromptTokens);
        Assert.Equal(rendered.Tokens, chat.Tokens);
        Assert.Equal(rendered.Text, chat.Text);
    }

    [Fact]
    public async Task An_answer_ends_where_the_model_ends_its_turn()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.ChatAsync(new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "the letters?" } }, Sampling = new SamplingOptions { Temperature = 0 } });
        Assert.Equal("abcdefghijklmnopqrstuvwxyz", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Finish.Reason);
    }

    [Fact]
    public async Task A_model_without_a_template_refuses_to_chat_and_says_so()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.WithoutTemplate);
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.ChatAsync(new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "hi" } } }));
        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("chat template", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
    }

    [Fact]
    public async Task What_the_template_refuses_is_told_in_its_own_words()
    {
        var model = Path.Combine(Directory.CreateTempSubdirectory("fleetops-models").FullName, "strict.gguf");
        SuccessorModel.Write(model, "{% for message in messages %}{% if message['role'] not in ['user', 'assistant', 'system', 'tool'] %}{{ raise_exception('nobody speaks as ' + message['role']) }}{% endif %}{{ message['content'] }}{% endfor %}");
        await using var worker = await InProcessWorker.ServeAsync(model);
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.ChatAsync(new ChatRequest { Messages = { new ChatMessage { Role = "clown", Content = "hi" } } }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("nobody speaks as clown", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_splits_a_text_and_gives_the_bytes_of_its_tokens()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        const string Text = "the ☕<|im_end|>";
        var tokens = await worker.TokenizeAsync(new TokenizeRequest { Text = Text, AddSpecial = false, WithPieces = true });
        Assert.Equal(Text, System.Text.Encoding.UTF8.GetString([.. tokens.Pieces.SelectMany(piece => piece.ToByteArray())]));
        Assert.Equal(ByteVocabulary.Token(ByteVocabulary.EndOfTurn), tokens.TokenIds[^1]);

        var plain = await worker.TokenizeAsync(new TokenizeRequest { Text = Text, ParseSpecial = false });
        Assert.Equal(1, plain.TokenIds[0]);
        Assert.DoesNotContain(ByteVocabulary.Token(ByteVocabulary.EndOfTurn), plain.TokenIds);
        Assert.Empty(plain.Pieces);
    }
}
