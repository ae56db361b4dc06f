using System.Diagnostics;
using System.Security.Authentication;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.State;
using Grpc.Core;
using Grpc.Net.Client;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>One conversation with a worker: remembers what was said and streams each answer.</summary>
internal sealed class ChatSession : IDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    // An address that swallows packets would otherwise be asked once only.
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(10);

    private readonly GrpcChannel _channel;
    private readonly Inference.V1.Inference.InferenceClient _client;
    private readonly Control.ControlClient _control;
    private readonly List<ChatMessage> _messages = [];
    private readonly Uri _address;
    private readonly TextWriter _output;
    private readonly TextWriter _notes;
    private CancellationTokenSource? _answering;

    /// <summary>Begins a conversation; nothing is sent yet.</summary>
    /// <param name="address">The worker.</param>
    /// <param name="connection">What calls go over; disposed with the conversation.</param>
    /// <param name="system">The system message; null for none.</param>
    /// <param name="output">Receives the answers.</param>
    /// <param name="notes">Receives errors and figures.</param>
    public ChatSession(Uri address, HttpClient connection, string? system, TextWriter output, TextWriter notes)
    {
        _address = address;
        _output = output;
        _notes = notes;
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpClient = connection, DisposeHttpClient = true });
        _client = new Inference.V1.Inference.InferenceClient(_channel);
        _control = new Control.ControlClient(_channel);
        if (system is not null)
        {
            _messages.Add(new ChatMessage { Role = "system", Content = system });
        }
    }

    /// <summary>Bound of each answer; null for none.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Temperature; null for the model's.</summary>
    public float? Temperature { get; init; }

    /// <summary>Whether figures follow each answer.</summary>
    public bool ShowStatistics { get; init; }

    /// <summary>Breaks off the answer that is on its way; false if there is none.</summary>
    public bool Interrupt()
    {
        if (Volatile.Read(ref _answering) is not { } answering)
        {
            return false;
        }

        answering.Cancel();
        return true;
    }

    /// <summary>Waits until a model is served there and returns an exit code. What will not mend by itself ends the wait at once; errors become one line of the notes.</summary>
    public async Task<int> WaitAsync(TimeSpan limit, TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                var left = limit - clock.GetElapsedTime(started);
                var deadline = clock.GetUtcNow().UtcDateTime + (left < AttemptLimit ? left : AttemptLimit);
                await _control.GetModelInfoAsync(new(), deadline: deadline);
                return ExitCodes.Success;
            }
            catch (RpcException exception) when (exception.StatusCode is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded) || Distrust(exception) is not null)
            {
                return await ReportAsync(exception);
            }
            catch (RpcException exception)
            {
                if (clock.GetElapsedTime(started) + RetryInterval >= limit)
                {
                    await _notes.WriteLineAsync($"No model was served at {_address} within {limit.TotalSeconds:0} s; the last answer was {exception.StatusCode}: {exception.Status.Detail}");
                    return ExitCodes.Unavailable;
                }
            }

            await Task.Delay(RetryInterval, clock);
        }
    }

    /// <summary>Asks, streams the answer to the output and returns an exit code. Errors become one line of the notes.</summary>
    public async Task<int> AskAsync(string question)
    {
        _messages.Add(new ChatMessage { Role = "user", Content = question });
        using var answering = new CancellationTokenSource();
        Volatile.Write(ref _answering, answering);
        try
        {
            var answer = await StreamAsync(answering.Token);
            _messages.Add(new ChatMessage { Role = "assistant", Content = answer });
            return ExitCodes.Success;
        }
        catch (RpcException exception)
        {
            // The question was not answered, so the conversation goes on as if it had not been asked.
            _messages.RemoveAt(_messages.Count - 1);
            if (exception.StatusCode == StatusCode.Cancelled && answering.IsCancellationRequested)
            {
                await _output.WriteLineAsync();
                return ExitCodes.Interrupted;
            }

            return await ReportAsync(exception);
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static AuthenticationException? Distrust(RpcException exception) => exception.Status.DebugException?.InnerException as AuthenticationException;

    private async Task<int> ReportAsync(RpcException exception)
    {
        if (Distrust(exception) is { } distrust)
        {
            await _notes.WriteLineAsync($"No TLS with {_address}: {distrust.Message} --tls-ca names the roots that its certificate comes from.");
            return ExitCodes.Unavailable;
        }

        var hint = exception.StatusCode == StatusCode.Unavailable ? " Is a worker serving there?" : "";
        await _notes.WriteLineAsync($"{exception.StatusCode} from {_address}: {exception.Status.Detail}{hint}");
        return ExitCode(exception.StatusCode);
    }

    private async Task<string> StreamAsync(CancellationToken cancellationToken)
    {
        var request = new ChatRequest { Messages = { _messages } };
        if (MaxTokens is { } maxTokens)
        {
            request.Stop = new StopOptions { MaxTokens = maxTokens };
        }

        if (Temperature is { } temperature)
        {
            request.Sampling = new SamplingOptions { Temperature = temperature };
        }

        var started = Stopwatch.GetTimestamp();
        TimeSpan? firstText = null;
        var answer = new System.Text.StringBuilder();
        using var call = _client.Chat(request, cancellationToken: cancellationToken);
        await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            switch (response.EventCase)
            {
                case ChatResponse.EventOneofCase.Delta:
                    firstText ??= Stopwatch.GetElapsedTime(started);
                    answer.Append(response.Delta.Content);
                    await _output.WriteAsync(response.Delta.Content);
                    await _output.FlushAsync(cancellationToken);
                    break;
                case ChatResponse.EventOneofCase.Finish:
                    await _output.WriteLineAsync();
                    await ShowAsync(response.Finish, firstText);
                    break;
            }
        }

        return answer.ToString();
    }

    private async Task ShowAsync(FinishInfo finish, TimeSpan? firstText)
    {
        if (finish.Reason == FinishReason.Length)
        {
            await _notes.WriteLineAsync("(cut off: the bound on tokens or the end of the context was reached)");
        }

        if (ShowStatistics)
        {
            var decode = finish.Timings.Decode.ToTimeSpan().TotalSeconds;
            var perSecond = decode > 0 ? (finish.Usage.CompletionTokens - 1) / decode : 0;
            await _notes.WriteLineAsync(
                $"({finish.Usage.PromptTokens} prompt tokens, {finish.Usage.CompletionTokens} completion tokens, {perSecond:0.0} tokens/s, first text after {firstText?.TotalMilliseconds ?? 0:0} ms)");
        }
    }

    private static int ExitCode(StatusCode status) => status switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => ExitCodes.Usage,
        StatusCode.PermissionDenied or StatusCode.Unauthenticated => ExitCodes.NoPermission,
        StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded or StatusCode.FailedPrecondition or StatusCode.Unimplemented => ExitCodes.Unavailable,
        _ => ExitCodes.Software,
    };
}
