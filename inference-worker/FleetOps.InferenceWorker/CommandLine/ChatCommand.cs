using System.CommandLine;
using System.Runtime.InteropServices;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>chat</c>: talks to a worker from the terminal.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var prompt = new Argument<string[]>("PROMPT") { Description = "What to ask; without it the chat is interactive", Arity = ArgumentArity.ZeroOrMore };
        var address = Setting.Text("--address", "HOST:PORT", "The worker's gRPC address; https://HOST:PORT for TLS", () => "localhost:9090");
        var system = Setting.Text("--system", "TEXT", "The system message");
        var maxTokens = Setting.OptionalNumber("--max-tokens", "At most so many tokens for each answer", 1, int.MaxValue);
        var temperature = Setting.Create("--temperature", "T", "0 always takes the most probable token [default: the model's]", "a number from 0 to 100", ReadTemperature, () => null);
        var wait = Setting.OptionalNumber("--wait-seconds", "Wait up to so long until a model answers there [default: do not wait]", 1, 86400);
        var stats = new Option<bool>("--stats") { Description = "Show tokens and tokens/s after each answer, on stderr" };
        var security = new ClientSecurity();
        var command = new Command("chat", "Talk to a worker over gRPC.") { prompt, address, system, maxTokens, temperature, wait, stats };
        security.AddTo(command);
        command.SetAction((result, _) => CommandFailure.HandleAsync(terminationLog: null, async () =>
        {
            using var session = new ChatSession(Address(result.GetValue(address)!, security.NeedsTls(result)), security.Connect(result), result.GetValue(system), Console.Out, Console.Error)
            {
                MaxTokens = result.GetValue(maxTokens),
                Temperature = result.GetValue(temperature),
                ShowStatistics = result.GetValue(stats),
            };
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = session.Interrupt());
            if (result.GetValue(wait) is { } seconds && await session.WaitAsync(TimeSpan.FromSeconds(seconds), TimeProvider.System) is not ExitCodes.Success and var failure)
            {
                return failure;
            }

            return result.GetValue(prompt) is { Length: > 0 } words
                ? await session.AskAsync(string.Join(' ', words))
                : await InteractAsync(session);
        }));
        return command;
    }

    private static async Task<int> InteractAsync(ChatSession session)
    {
        var exitCode = ExitCodes.Success;
        while (true)
        {
            if (!Console.IsInputRedirected)
            {
                Console.Write("> ");
            }

            if (Console.In.ReadLine() is not { } line)
            {
                return exitCode;
            }

            if (line.Trim().Length > 0)
            {
                exitCode = await session.AskAsync(line);
            }
        }
    }

    private static float? ReadTemperature(string text) =>
        float.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 100 ? value : null;

    private static Uri Address(string text, bool needsTls)
    {
        var scheme = needsTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"{scheme}://{text}", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"--address is '{text}'; it must be HOST:PORT, for example localhost:9090, or begin with https:// for TLS.");
        }

        return needsTls && uri.Scheme != Uri.UriSchemeHttps
            ? throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"--address is '{text}', which is plain text, and there are options of TLS. Write https://, or leave them out.")
            : uri;
    }
}
