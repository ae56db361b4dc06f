using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;

namespace FleetOps.InferenceWorker.Tests.Programs;

/// <summary>The commands for people: inspect, fetch, chat.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Inspect_prints_what_the_header_says()
    {
        await using var text = await WorkerProcess.RunAsync(["inspect", ModelFiles.Successor]);
        Assert.Equal(0, text.ExitCode);
        Assert.Contains("general.architecture", text.Output, StringComparison.Ordinal);
        Assert.Contains("F16", text.Output, StringComparison.Ordinal);

        await using var json = await WorkerProcess.RunAsync(["inspect", ModelFiles.Successor, "--json", "--tensors"]);
        var document = JsonDocument.Parse(json.Output).RootElement;
        Assert.Equal("llama", document.GetProperty("metadata").GetProperty("general.architecture").GetString());
        Assert.Equal(2048, document.GetProperty("metadata").GetProperty("llama.context_length").GetInt32());
        Assert.Contains(document.GetProperty("tensors").EnumerateArray(), tensor => tensor.GetProperty("name").GetString() == "token_embd.weight");
    }

    [Fact]
    public async Task Inspect_of_something_else_names_the_file_and_ends_with_65()
    {
        await using var worker = await WorkerProcess.RunAsync(["inspect", "/etc/hostname"]);
        Assert.Equal(65, worker.ExitCode);
        Assert.Contains("/etc/hostname", worker.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_prints_path_digest_and_size_of_the_verified_file()
    {
        await using var worker = await WorkerProcess.RunAsync(["fetch", "--source", $"file://{ModelFiles.Successor}"]);
        Assert.Equal(0, worker.ExitCode);
        var parts = worker.Output.Trim().Split(' ');
        Assert.Equal((ModelFiles.Successor, 64, new FileInfo(ModelFiles.Successor).Length.ToString(System.Globalization.CultureInfo.InvariantCulture)), (parts[0], parts[1].Length, parts[2]));
    }

    [Fact]
    public async Task Fetch_fails_with_the_exit_codes_of_serve()
    {
        await using var worker = await WorkerProcess.RunAsync(["fetch", "--source", "file:///nowhere.gguf"]);
        Assert.Equal(66, worker.ExitCode);
        Assert.StartsWith("SourceNotFound: ", worker.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_streams_an_answer_and_shows_figures_on_stderr()
    {
        await using var server = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        await using var chat = await WorkerProcess.RunAsync(["chat", "--address", server.Channel.Target, "--temperature", "0", "--stats", "the", "letters"]);
        Assert.Equal((0, "abcdefghijklmnopqrstuvwxyz"), (chat.ExitCode, chat.Output));
        Assert.Contains("tokens/s", chat.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_without_a_prompt_takes_one_line_after_the_other()
    {
        await using var server = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        await using var chat = await WorkerProcess.RunAsync(["chat", "--address", server.Channel.Target, "--temperature", "0", "--max-tokens", "3"], input: "first\n\nsecond\n");
        Assert.Equal((0, "abc\nabc"), (chat.ExitCode, chat.Output));
        Assert.Contains("cut off", chat.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_speaks_TLS_shows_its_certificate_and_brings_its_token()
    {
        using var authority = new TestAuthority("ours");
        using var mount = new SecretMount();
        using var client = authority.IssueClient("caller");
        mount.SwapTls(
            authority.IssueServer("worker"),
            authority.RootPem,
            ("tokens", "# of the test\nfirst-token-of-the-list\n"),
            ("client.crt", client.ExportCertificatePem()),
            ("client.key", client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()));
        var security = new SecurityOptions { Certificate = mount.Path("tls.crt"), Key = mount.Path("tls.key"), ClientAuthority = mount.Path("ca.crt"), Tokens = mount.Path("tokens") };
        await using var server = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Security = security });
        string[] question = ["chat", "--address", $"localhost:{server.Address.Port}", "--temperature", "0", "the", "letters"];
        string[] trust = ["--tls-ca", mount.Path("ca.crt")];
        string[] identity = ["--tls-client-cert", mount.Path("client.crt"), "--tls-client-key", mount.Path("client.key")];
        string[] token = ["--token-file", mount.Path("tokens")];

        await using var chat = await WorkerProcess.RunAsync([.. question, .. trust, .. identity, .. token]);
        Assert.Equal((0, "abcdefghijklmnopqrstuvwxyz"), (chat.ExitCode, chat.Output));
        await using var withoutToken = await WorkerProcess.RunAsync([.. question, .. trust, .. identity]);
        Assert.Equal(77, withoutToken.ExitCode);
        Assert.Contains("authorization: Bearer TOKEN", withoutToken.Errors, StringComparison.Ordinal);
        await using var distrusting = await WorkerProcess.RunAsync([.. question, .. identity, .. token]);
        Assert.Equal((69, ""), (distrusting.ExitCode, distrusting.Output));
        Assert.Contains("--tls-ca names the roots", distrusting.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--tls-client-cert is given without --tls-client-key", "--tls-client-cert", "tls.crt")]
    [InlineData("which is plain text", "--tls-ca", "/etc/hostname", "--address", "http://localhost:1")]
    [InlineData("The file of --token-file cannot be read", "--token-file", "/nowhere")]
    [InlineData("/etc/hostname holds no certificate; --tls-ca takes a PEM file", "--tls-ca", "/etc/hostname")]
    public async Task Chat_tells_what_is_wrong_with_its_options(string told, params string[] options)
    {
        await using var chat = await WorkerProcess.RunAsync(["chat", .. options, "hello"]);
        Assert.Equal(64, chat.ExitCode);
        Assert.Contains(told, chat.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_with_nobody_there_says_so_and_ends_with_69()
    {
        await using var chat = await WorkerProcess.RunAsync(["chat", "--address", "127.0.0.1:1", "hello"]);
        Assert.Equal(69, chat.ExitCode);
        Assert.Contains("127.0.0.1:1", chat.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_can_wait_for_a_worker_that_comes_up_later()
    {
        // Whoever asks too early is hung up on, so that the worker starts after the first attempt has failed.
        using var early = new TcpListener(IPAddress.Loopback, 0);
        early.Start();
        var port = ((IPEndPoint)early.LocalEndpoint).Port;
        var asking = WorkerProcess.RunAsync(["chat", "--address", $"127.0.0.1:{port}", "--wait-seconds", "120", "--temperature", "0", "the", "letters"]);
        using (await early.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
        }

        early.Stop();
        await using var server = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { GrpcPort = port });

        await using var chat = await asking;
        Assert.Equal((0, "abcdefghijklmnopqrstuvwxyz"), (chat.ExitCode, chat.Output));
        Assert.Equal("", chat.Errors);
    }

    [Fact]
    public async Task Chat_that_waited_in_vain_says_how_long_and_what_the_last_answer_was()
    {
        await using var chat = await WorkerProcess.RunAsync(["chat", "--address", "127.0.0.1:1", "--wait-seconds", "1", "hello"]);
        Assert.Equal((69, ""), (chat.ExitCode, chat.Output));
        // A machine with other work has no answer after a second.
        Assert.Matches("No model was served at http://127.0.0.1:1/ within 1 s; the last answer was (Unavailable|DeadlineExceeded): ", chat.Errors);
    }

    [Theory]
    [InlineData("FLEETOPS_MAX_SEQUENCES", "many", "FLEETOPS_MAX_SEQUENCES is 'many'; it must be a whole number from 1 to 256.")]
    [InlineData("FLEETOPS_BACKEND", "Tpu", "FLEETOPS_BACKEND is 'Tpu'; it must be one of Auto, Cpu, Cuda.")]
    [InlineData("FLEETOPS_BIND", "everywhere", "FLEETOPS_BIND is 'everywhere'; it must be an IP address.")]
    [InlineData("FLEETOPS_MIRROR", "https://a.example/=b", "FLEETOPS_MIRROR is 'https://a.example/=b'; it must be two addresses that end with a slash, such as https://models.example/=https://cache.example/models/.")]
    public async Task An_environment_variable_stands_for_an_option(string variable, string value, string message)
    {
        await using var worker = await WorkerProcess.RunAsync(["serve", "--source", "file:///nowhere.gguf"], environment: new Dictionary<string, string> { [variable] = value });
        Assert.Equal(64, worker.ExitCode);
        Assert.Contains(message, worker.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_wins_over_the_environment()
    {
        await using var worker = await WorkerProcess.RunAsync(
            ["fetch", "--source", $"file://{ModelFiles.Successor}"], environment: new Dictionary<string, string> { ["FLEETOPS_SOURCE"] = "file:///nowhere.gguf" });
        Assert.Equal(0, worker.ExitCode);
    }
}
